import { MAX_DEPTH } from "./limits.ts";
import { partsOf, type Schema, type SchemaNode } from "./schema.ts";

const least = new WeakMap<Schema, number>();

/**
 * Fewest bytes a value of the schema takes; 0 where it may take none. Each part is asked once, for a
 * short description may make a type that holds another one very often.
 */
export function minBytes(schema: Schema): number {
  return leastBytes(schema, new Set());
}

function leastBytes(schema: Schema, open: Set<Schema>): number {
  const known = least.get(schema);
  if (known !== undefined) return known;
  // A type inside itself adds nothing certain: counting it as 0 keeps the bound a lower one.
  if (open.has(schema)) return 0;
  open.add(schema);
  const bytes = Math.min(nodeBytes(schema as SchemaNode, open), Number.MAX_SAFE_INTEGER);
  open.delete(schema);
  least.set(schema, bytes);
  return bytes;
}

function nodeBytes(node: SchemaNode, open: Set<Schema>): number {
  switch (node.kind) {
    case "unit":
    case "trailing":
      return 0;
    case "f32":
      return 4;
    case "f64":
      return 8;
    case "char":
      return 2;
    case "tuple":
    case "struct":
    case "newtype":
    case "lazy":
      return partsOf(node as Schema).reduce((total, part) => total + leastBytes(part, open), 0);
    case "array":
      return node.length * leastBytes(node.item, open);
    case "result":
      return 1 + Math.min(leastBytes(node.ok, open), leastBytes(node.err, open));
    case "custom":
      return node.minBytes;
    default:
      return 1;
  }
}

const weightless = new WeakMap<Schema, boolean>();

/** True if values of the schema take no bytes, so that there is only one such value. */
export function isWeightless(schema: Schema): boolean {
  let known = weightless.get(schema);
  if (known === undefined) {
    known = takesNothing(schema);
    weightless.set(schema, known);
  }
  return known;
}

function takesNothing(schema: Schema): boolean {
  const node = schema as SchemaNode;
  switch (node.kind) {
    case "unit":
      return true;
    case "tuple":
    case "struct":
    case "newtype":
      return partsOf(schema).every(isWeightless);
    case "array":
      return node.length === 0 || isWeightless(node.item);
    default:
      return false;
  }
}

/** True if a value of the schema is a level of nesting, as one with parts is and a mere wrapper is not. */
export function isLevel(schema: Schema): boolean {
  const node = schema as SchemaNode;
  if (node.kind === "lazy" || (node.kind === "newtype" && node.isTransparent)) return false;
  return partsOf(schema).length > 0;
}

/**
 * True if values may nest deeper than the limit, so that the depth must be counted while
 * coding: the type contains itself, or is written out that deep.
 */
export function needsDepthCount(schema: Schema): boolean {
  const open = new Set<Schema>();
  const seen = new Map<Schema, number>();
  let isRecursive = false;
  const height = (part: Schema): number => {
    const known = seen.get(part);
    if (known !== undefined) return known;
    if (open.has(part)) {
      isRecursive = true;
      return 0;
    }
    open.add(part);
    const highest = partsOf(part).reduce((most, inner) => Math.max(most, height(inner)), 0);
    open.delete(part);
    const own = isLevel(part) ? highest + 1 : highest;
    seen.set(part, own);
    return own;
  };
  return height(schema) > MAX_DEPTH || isRecursive;
}
