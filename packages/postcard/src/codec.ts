import { buildDecoder, type Decode } from "./decoders.ts";
import { buildEncoder, type Encode } from "./encoders.ts";
import { EncodeError } from "./errors.ts";
import { MAX_DEPTH } from "./limits.ts";
import { Reader } from "./reader.ts";
import type { Schema, SchemaNode } from "./schema.ts";
import { isLevel, needsDepthCount } from "./shape.ts";
import { Writer } from "./writer.ts";

/** The two directions of one type. Both advance a cursor they are handed. */
export interface Codec<T> {
  readonly schema: Schema<T>;
  /** @throws EncodeError leaving the writer somewhere behind where it stood: roll it back */
  readonly encode: (writer: Writer, value: T) => void;
  /** @throws DecodeError */
  readonly decode: (reader: Reader) => T;
}

const compiled = new WeakMap<Schema, Codec<unknown>>();

/**
 * The codec of a schema: closures, built once and kept for as long as the schema lives.
 */
// r[impl codec.x.plan]
export function compile<T>(schema: Schema<T>): Codec<T> {
  let codec = compiled.get(schema) as Codec<T> | undefined;
  if (codec === undefined) {
    codec = {
      schema,
      encode: build<Encode>(schema, buildEncoder, countedEncode) as Codec<T>["encode"],
      decode: build<Decode>(schema, buildDecoder, countedDecode) as Codec<T>["decode"],
    };
    compiled.set(schema, codec as Codec<unknown>);
  }
  return codec;
}

/** Builds one direction of a schema and its parts; a part met again, or inside itself, is shared. */
function build<F>(
  root: Schema,
  make: (node: SchemaNode, part: (schema: Schema) => F) => F,
  counted: (inner: F) => F,
): F {
  const isCounted = needsDepthCount(root);
  const built = new Map<Schema, F>();
  const part = (schema: Schema): F => {
    const known = built.get(schema);
    if (known !== undefined) return known;
    const plain = make(schema as SchemaNode, part);
    const own = isCounted && isLevel(schema) ? counted(plain) : plain;
    built.set(schema, own);
    return own;
  };
  return part(root);
}

// r[impl codec.x.limits]
function countedDecode(inner: Decode): Decode {
  return (reader) => {
    reader.enter();
    const value = inner(reader);
    reader.depth--;
    return value;
  };
}

function countedEncode(inner: Encode): Encode {
  return (writer, value) => {
    if (++writer.depth > MAX_DEPTH) {
      writer.depth = 0;
      throw new EncodeError(`nesting deeper than ${MAX_DEPTH}`);
    }
    inner(writer, value);
    writer.depth--;
  };
}

/**
 * The bytes of one value.
 *
 * @throws EncodeError if the value does not fit the schema
 */
export function encode<T>(schema: Schema<T>, value: NoInfer<T>): Uint8Array {
  const writer = new Writer();
  compile<T>(schema).encode(writer, value);
  return writer.finish();
}

/**
 * One value from its bytes. Byte arrays in it are views on `bytes`.
 *
 * @param options.isStrict refuse bytes left after the value, which 7.3 ignores
 * @throws DecodeError
 */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array, options?: { isStrict?: boolean }): T {
  const reader = new Reader(bytes);
  const value = compile(schema).decode(reader);
  if (options?.isStrict && reader.remaining > 0) reader.fail(`${reader.remaining} bytes left over`);
  return value;
}
