import { partsOf, type Schema, type SchemaNode } from "roam-postcard";

/**
 * True if a decoded value takes about the memory of its bytes and does not refer to them: then an
 * item can be decoded when it comes and wait as a value. Others wait as bytes, for a few bytes can
 * say "a million empty structs", and a view would keep the chunk that it came in.
 */
export function isCompact(schema: Schema): boolean {
  switch ((schema as SchemaNode).kind) {
    case "bytes":
    case "trailing":
    case "list":
    case "slice":
    case "array":
    case "set":
    case "map":
    case "lazy":
    case "custom":
      return false;
    default:
      return partsOf(schema).every(isCompact);
  }
}
