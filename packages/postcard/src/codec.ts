import { decodersOf, encodersOf } from "./closures.ts";
import { Reader } from "./reader.ts";
import type { Schema } from "./schema.ts";
import { Writer } from "./writer.ts";

/**
 * The two directions of one type. Call them as methods: they may be exchanged for faster ones
 * that do the same.
 */
export interface Codec<T> {
  readonly schema: Schema<T>;
  /**
   * Appends a value.
   *
   * @throws EncodeError leaving the writer somewhere behind where it stood: roll it back
   */
  readonly encode: (writer: Writer, value: T) => void;
  /**
   * The next value. Byte arrays in it are views on the payload.
   *
   * @throws DecodeError
   */
  readonly decode: (reader: Reader) => T;
  /**
   * The bytes of one value. Like those of `Buffer.from` they may lie in memory that other
   * results share: copy them before their `buffer` is transferred.
   *
   * @throws EncodeError if the value does not fit the schema
   */
  readonly toBytes: (value: T) => Uint8Array;
  /**
   * One value from the start of its bytes, whatever follows. Byte arrays in it are views on them.
   *
   * @throws DecodeError
   */
  readonly fromBytes: (bytes: Uint8Array) => T;
}

/** A codec as those see it who may exchange its functions. */
export type OpenCodec<T = unknown> = { -readonly [K in keyof Codec<T>]: Codec<T>[K] };

const compiled = new WeakMap<Schema, Codec<unknown>>();

/** Sees each codec as it is made. */
let improve: ((codec: OpenCodec) => void) | undefined;

/** For what makes codecs faster: called with each that is compiled from now on. */
export function onCompiled(improver: (codec: OpenCodec) => void): void {
  improve = improver;
}

/**
 * The codec of a schema: closures, built once and kept for as long as the schema lives.
 */
// r[impl codec.x.plan]
export function compile<T>(schema: Schema<T>): Codec<T> {
  const known = compiled.get(schema) as Codec<T> | undefined;
  if (known !== undefined) return known;
  const encode = encodersOf(schema)(schema);
  const decode = decodersOf(schema)(schema) as Codec<T>["decode"];
  const codec: OpenCodec<T> = {
    schema,
    encode,
    decode,
    toBytes: (value) => {
      const writer = new Writer();
      encode(writer, value);
      return writer.finish();
    },
    fromBytes: (bytes) => decode(new Reader(bytes)),
  };
  improve?.(codec as OpenCodec);
  compiled.set(schema, codec as Codec<unknown>);
  return codec;
}

/**
 * The bytes of one value, as `Codec.toBytes`.
 *
 * @throws EncodeError if the value does not fit the schema
 */
export function encode<T>(schema: Schema<T>, value: NoInfer<T>): Uint8Array {
  return compile<T>(schema).toBytes(value);
}

/**
 * One value from its bytes. Byte arrays in it are views on `bytes`.
 *
 * @param options.isStrict refuse bytes left after the value, which 7.3 ignores
 * @throws DecodeError
 */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array, options?: { isStrict?: boolean }): T {
  const codec = compile(schema);
  if (!options?.isStrict) return codec.fromBytes(bytes);
  const reader = new Reader(bytes);
  const value = codec.decode(reader);
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes left over`);
  return value;
}
