import type { DescribedMethod, DescribedService, DescribedType, SchemaDocument, TypeRef } from "roam/schema";
import type { Paint } from "./paint.ts";

const RUST_NAMES: Readonly<Record<string, string>> = {
  string: "String",
  bytes: "Vec<u8>",
  byteSlice: "[u8]",
  unit: "()",
  trailing: "trailing bytes",
};

/** A type as Rust writes it. */
export function typeText(ref: TypeRef): string {
  if (typeof ref === "string") return RUST_NAMES[ref] ?? ref;
  if ("ref" in ref) return ref.ref;
  if ("list" in ref) return `Vec<${typeText(ref.list)}>`;
  if ("slice" in ref) return `[${typeText(ref.slice)}]`;
  if ("option" in ref) return `Option<${typeText(ref.option)}>`;
  if ("set" in ref) return `HashSet<${typeText(ref.set)}>`;
  if ("array" in ref) return `[${typeText(ref.array)}; ${ref.length}]`;
  if ("map" in ref) return `HashMap<${ref.map.map(typeText).join(", ")}>`;
  if ("tuple" in ref) {
    return ref.tuple.length === 1
      ? `(${typeText(ref.tuple[0] as TypeRef)},)`
      : `(${ref.tuple.map(typeText).join(", ")})`;
  }
  if ("result" in ref) return `Result<${ref.result.map(typeText).join(", ")}>`;
  if ("tx" in ref) return `Tx<${typeText(ref.tx)}${creditText(ref.credit)}>`;
  return `Rx<${typeText(ref.rx)}${creditText(ref.credit)}>`;
}

function creditText(credit: number): string {
  return credit === 16 ? "" : `, ${credit}`;
}

/** What a method returns, its error included: `Result<Invoice, LookupError>`. */
export function returnsText({ returns, error }: DescribedMethod): string {
  return error === undefined ? typeText(returns) : `Result<${typeText(returns)}, ${typeText(error)}>`;
}

/** `lookup(id: u64) -> Result<Invoice, LookupError>` */
export function methodText(method: DescribedMethod, paint?: Paint): string {
  const name = paint === undefined ? method.name : paint.cyan(method.name);
  const args = method.args.map((arg) => `${arg.name}: ${typeText(arg.type)}`).join(", ");
  const returns = method.returns === "unit" && method.error === undefined ? "" : ` -> ${returnsText(method)}`;
  return `${name}(${args})${returns}`;
}

/** `struct Invoice { id: u64, lines: Vec<String> }`, under the type's key. */
export function namedTypeText(key: string, type: DescribedType): string {
  switch (type.kind) {
    case "struct":
      return `struct ${key} ${braced(fieldTexts(type.fields))}`;
    case "tupleStruct":
      return `struct ${key}(${type.items.map(typeText).join(", ")})`;
    case "unitStruct":
      return `struct ${key}`;
    case "newtype":
      return `struct ${key}(${typeText(type.inner)})`;
    case "transparent":
      return `transparent struct ${key}(${typeText(type.inner)})`;
    case "opaque":
      return `opaque ${key}, sent as ${typeText(type.inner)}`;
    case "enum":
      return `enum ${key} ${braced(type.variants.map(variantText))}`;
  }
}

type Variant = (DescribedType & { readonly kind: "enum" })["variants"][number];

export function variantText({ name, item, items, fields }: Variant): string {
  if (item !== undefined) return `${name}(${typeText(item)})`;
  if (items !== undefined) return `${name}(${items.map(typeText).join(", ")})`;
  return fields === undefined ? name : `${name} ${braced(fieldTexts(fields))}`;
}

function fieldTexts(fields: readonly { readonly name: string; readonly type: TypeRef }[]): string[] {
  return fields.map(({ name, type }) => `${name}: ${typeText(type)}`);
}

function braced(parts: readonly string[]): string {
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

/** Keys of the named types that a service uses, in the document's order. */
export function typesOf(service: DescribedService, { types }: SchemaDocument): string[] {
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    if ("ref" in part && typeof part.ref === "string") {
      if (used.has(part.ref)) return;
      used.add(part.ref);
      visit(types[part.ref]);
      return;
    }
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(service.methods.map(({ args, returns, error }) => [args, returns, error]));
  return Object.keys(types).filter((key) => used.has(key));
}
