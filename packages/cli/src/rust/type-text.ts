import type { TypeRef } from "roam/schema";

/** A type in use as Rust would write it, for keys and messages. */
export function typeText(type: TypeRef): string {
  if (typeof type === "string") return PLAIN[type] ?? type;
  if ("ref" in type) return type.ref;
  if ("list" in type) return `Vec<${typeText(type.list)}>`;
  if ("slice" in type) return `[${typeText(type.slice)}]`;
  if ("option" in type) return `Option<${typeText(type.option)}>`;
  if ("set" in type) return `Set<${typeText(type.set)}>`;
  if ("array" in type) return `[${typeText(type.array)}; ${type.length}]`;
  if ("map" in type) return `Map<${type.map.map(typeText).join(", ")}>`;
  if ("tuple" in type) return `(${type.tuple.map(typeText).join(", ")}${type.tuple.length === 1 ? "," : ""})`;
  if ("result" in type) return `Result<${type.result.map(typeText).join(", ")}>`;
  if ("tx" in type) return `Tx<${typeText(type.tx)}, ${type.credit}>`;
  return `Rx<${typeText(type.rx)}, ${type.credit}>`;
}

const PLAIN: Readonly<Record<string, string>> = {
  string: "String",
  unit: "()",
  bytes: "Vec<u8>",
  byteSlice: "[u8]",
};
