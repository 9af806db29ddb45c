/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `Symbol.dispose` and `Symbol.asyncDispose`, also where the platform lacks them: compilers that
 * lower `using` look under the same registered symbols.
 */
export const dispose: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);
