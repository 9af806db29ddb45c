import { compile, Reader, type Schema, Writer } from "roam-postcard";

// A channel handle takes no bytes: decoding one outside a call gives nothing.
const handles = { next: () => undefined };

/**
 * One value from its bytes, channel handles included.
 *
 * @param options.isStrict refuse bytes left after the value
 * @throws DecodeError
 */
export function decodeValue(schema: Schema, bytes: Uint8Array, options: { isStrict: boolean }): unknown {
  const reader = new Reader(bytes);
  reader.context = handles;
  const value = compile(schema).decode(reader);
  if (options.isStrict && reader.remaining > 0) reader.fail(`${reader.remaining} bytes left over`);
  return value;
}

/** @throws EncodeError */
export function encodeValue(schema: Schema, value: unknown): Uint8Array {
  const writer = new Writer();
  compile(schema).encode(writer, value);
  return writer.finish();
}
