import { nodeOf, partsOf, type Schema, type SchemaNode } from "roam-postcard";
import { asChannel } from "./channel-schema.ts";

/**
 * True if two schemas stand for one Rust type. A named type is itself only; an anonymous one
 * (a tuple, a container, a channel) is whatever has the same parts.
 */
export function isSameType(a: SchemaNode, b: SchemaNode): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || isNamed(a) || isNamed(b)) return false;
  if (a.kind === "array" && b.kind === "array" && a.length !== b.length) return false;
  if (a.kind === "custom") return isSameChannel(a, b);
  const others = partsOf(b as Schema);
  const parts = partsOf(a as Schema);
  return (
    parts.length === others.length && parts.every((part, index) => isSamePart(part, others[index] as Schema))
  );
}

function isSamePart(a: Schema, b: Schema): boolean {
  return isSameType(nodeOf(a), nodeOf(b));
}

function isNamed(node: SchemaNode): boolean {
  return "name" in node && node.name !== undefined && node.kind !== "custom";
}

function isSameChannel(a: SchemaNode, b: SchemaNode): boolean {
  const one = asChannel(a);
  const other = asChannel(b);
  if (one === undefined || other === undefined) return false;
  return one.direction === other.direction && one.credit === other.credit && isSamePart(one.item, other.item);
}
