import { type Field, nodeOf, type Schema, type SchemaNode, type Variant, Writer } from "roam-postcard";
import { asChannel } from "./channel-schema.ts";
import { isSameType } from "./same-type.ts";

const TAGS = {
  bool: 0x01,
  u8: 0x02,
  u16: 0x03,
  u32: 0x04,
  u64: 0x05,
  usize: 0x05,
  u128: 0x06,
  i8: 0x07,
  i16: 0x08,
  i32: 0x09,
  i64: 0x0a,
  isize: 0x0a,
  i128: 0x0b,
  f32: 0x0c,
  f64: 0x0d,
  char: 0x0e,
  string: 0x0f,
  unit: 0x10,
  trailing: 0x11,
  bytes: 0x11,
  list: 0x20,
  slice: 0x20,
  option: 0x21,
  array: 0x22,
  map: 0x23,
  set: 0x24,
  tuple: 0x25,
  tx: 0x26,
  rx: 0x27,
  struct: 0x30,
  enum: 0x31,
  backReference: 0x32,
  strictResult: 0x33,
} as const;

/** What is hashed beyond the wire's own rules; never for method ids. */
export interface SignatureOptions {
  /** Results by their types, channels with their credit (`signature.x.result-guard`). */
  readonly isStrict?: boolean;
}

/**
 * Canonical bytes of a method: its argument tuple, then its return type.
 * Named types are followed to their fields; their own names are left out.
 */
// r[impl signature.method]
export function signatureBytes(
  args: readonly Schema[],
  returns: Schema,
  options: SignatureOptions = {},
): Uint8Array {
  const writer = new Writer();
  // Each of the two has a stack of its own; the argument tuple is at the bottom of the first.
  if (args.length === 0) writer.u8(TAGS.unit);
  else typeBytes({ kind: "tuple", items: args } as Schema, { writer, stack: [], options, depth: 0 });
  typeBytes(returns, { writer, stack: [], options, depth: 0 });
  return writer.finish();
}

/** A type that contains itself through containers or transparent wrappers only has no end. */
const MAX_TYPE_DEPTH = 1000;

interface Walk {
  readonly depth: number;
  readonly writer: Writer;
  /** Structs, tuples and enums being written, outermost first. */
  readonly stack: SchemaNode[];
  readonly options: SignatureOptions;
}

function typeBytes(schema: Schema, outer: Walk): void {
  const { writer, options } = outer;
  const walk = { ...outer, depth: outer.depth + 1 };
  if (walk.depth > MAX_TYPE_DEPTH)
    throw new TypeError("a type nested too deeply for a signature, or without end");
  const node = nodeOf(schema);
  switch (node.kind) {
    // r[impl signature.x.transparent]
    case "newtype":
      if (node.isTransparent) return typeBytes(node.inner, walk);
      return nested(node, walk, () => {
        writer.u8(TAGS.tuple);
        writer.varint(1);
        typeBytes(node.inner, walk);
      });
    // r[impl signature.container]
    // r[impl signature.bytes.equivalence]
    case "list":
      if (nodeOf(node.item).kind === "u8") return writer.u8(TAGS.bytes);
      writer.u8(TAGS.list);
      return typeBytes(node.item, walk);
    case "slice":
    case "option":
    case "set":
      writer.u8(TAGS[node.kind]);
      return typeBytes(node.item, walk);
    case "array":
      writer.u8(TAGS.array);
      writer.varint(node.length);
      return typeBytes(node.item, walk);
    case "map":
      writer.u8(TAGS.map);
      typeBytes(node.key, walk);
      return typeBytes(node.value, walk);
    case "tuple":
      return nested(node, walk, () => {
        writer.u8(TAGS.tuple);
        writer.varint(node.items.length);
        for (const item of node.items) typeBytes(item, walk);
      });
    // r[impl signature.struct]
    case "struct":
      return nested(node, walk, () => {
        writer.u8(TAGS.struct);
        fieldBytes(node.fields, walk);
      });
    // r[impl signature.enum]
    case "enum":
      return nested(node, walk, () => {
        writer.u8(TAGS.enum);
        writer.varint(node.variants.length);
        for (const variant of node.variants) {
          writer.string(variant.name);
          variantBytes(variant, walk);
        }
      });
    case "result":
      if (!options.isStrict) return writer.u8(TAGS.unit);
      writer.u8(TAGS.strictResult);
      typeBytes(node.ok, walk);
      return typeBytes(node.err, walk);
    case "custom": {
      const channel = asChannel(node);
      if (channel === undefined) return writer.u8(TAGS.unit);
      writer.u8(TAGS[channel.direction]);
      if (options.isStrict) writer.varint(channel.credit);
      return typeBytes(channel.item, walk);
    }
    // r[impl signature.primitive]
    default:
      writer.u8(TAGS[node.kind]);
  }
}

// r[impl signature.recursive]
// r[impl signature.recursive.stack]
// r[impl signature.recursive.encoding]
function nested(node: SchemaNode, { writer, stack }: Walk, body: () => void): void {
  const at = stack.findLastIndex((outer) => isSameType(outer, node));
  if (at >= 0) {
    writer.u8(TAGS.backReference);
    writer.varint(stack.length - 1 - at);
    return;
  }
  stack.push(node);
  body();
  stack.pop();
}

// r[impl signature.varint]
function fieldBytes(fields: readonly Field[], walk: Walk): void {
  walk.writer.varint(fields.length);
  for (const { name, schema } of fields) {
    walk.writer.string(name);
    typeBytes(schema, walk);
  }
}

function variantBytes(variant: Variant, walk: Walk): void {
  const { writer } = walk;
  switch (variant.kind) {
    case "unit":
      return writer.u8(0);
    case "newtype":
      writer.u8(1);
      return typeBytes(variant.item, walk);
    case "tuple":
      writer.u8(2);
      // A tuple variant is hashed as a struct with fields "0", "1", ….
      return fieldBytes(
        variant.items.map((schema, index) => ({ name: String(index), schema })),
        walk,
      );
    case "struct":
      writer.u8(2);
      return fieldBytes(variant.fields, walk);
  }
}
