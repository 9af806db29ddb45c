import { compile, type Schema, t } from "roam-postcard";

const opaque = new WeakMap<object, Schema>();

/**
 * A type that has a form of its own on the wire and none in signatures, as Rust's `Duration`,
 * which is sent as text: coded as `inner`, hashed as unit.
 *
 * @param minBytes fewest bytes that a value of `inner` takes
 */
// r[impl signature.primitive]
export function opaqueSchema<T>(name: string, inner: Schema<T>, minBytes = 0): Schema<T> {
  const codec = compile(inner);
  const schema = t.custom<T>({
    name,
    minBytes,
    encode: (writer, value: T) => codec.encode(writer, value),
    decode: (reader) => codec.decode(reader),
  });
  opaque.set(schema, inner);
  return schema;
}

/** What an opaque schema is coded as, or undefined for any other. */
export function insideOpaque(schema: object): Schema | undefined {
  return opaque.get(schema);
}
