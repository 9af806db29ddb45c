/** For the default of an exhaustive switch: the compiler refuses the call if a case is left. */
export function unreachable(value: never): never {
  throw new TypeError(`unexpected ${String(value)}`);
}
