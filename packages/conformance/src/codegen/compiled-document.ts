import type { DescribedMethod, SchemaDocument } from "roam/schema";
import type { Compiled, CompiledMethod } from "./corpus.ts";

/** The compiled crates as a document: what the reader should make of their sources, comments apart. */
export function compiledDocument({ services, types }: Compiled): SchemaDocument {
  const described = services.map(({ name, methods }) => ({ name, methods: methods.map(describedMethod) }));
  return { roamSchema: 1, services: described, types };
}

function describedMethod(method: CompiledMethod): DescribedMethod {
  const { id, args, returns } = method;
  const named = { name: methodName(method), id, args };
  if (!isFallible(method) || typeof returns === "string" || !("result" in returns))
    return { ...named, returns };
  const [ok, error] = returns.result;
  return { ...named, returns: ok, error };
}

/** As the macro calls it: it takes the mark of a raw identifier for letters of the name. */
export function methodName({ name }: CompiledMethod): string {
  return name.replace(/^r#/, "r_").normalize("NFC");
}

/** The macro gives its client an error of its own. */
export function isFallible({ returns, isInfallible }: CompiledMethod): boolean {
  return typeof returns !== "string" && "result" in returns && !isInfallible;
}
