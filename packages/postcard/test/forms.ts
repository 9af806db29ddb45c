import assert from "node:assert/strict";
import { type Codec, compile, DecodeError, EncodeError, Reader, type Schema, Writer } from "roam-postcard";
import { useGeneratedCode } from "roam-postcard/generated";
import { hex } from "./hex.ts";

/** One schema's codecs: closures only, and code from the first use on. */
export interface Forms<T> {
  readonly slow: Codec<T>;
  readonly fast: Codec<T>;
}

export function forms<T>(schema: Schema<T>): Forms<T> {
  useGeneratedCode({ afterUses: Number.POSITIVE_INFINITY });
  const slow = compile({ ...schema });
  assert.ok(useGeneratedCode({ afterUses: 0 }), "this platform makes code from strings");
  return { slow, fast: compile({ ...schema }) };
}

/** What a function comes to: its value, or what it throws in every detail. */
export function outcome(work: () => unknown): unknown {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof DecodeError) {
      const { reason, offset, path, message, cause } = error;
      return { error: "DecodeError", reason, offset, path, message, cause: String(cause) };
    }
    if (error instanceof EncodeError) {
      const { reason, path, message } = error;
      return { error: "EncodeError", reason, path, message };
    }
    return { error };
  }
}

function encoded<T>(
  codec: Codec<T>,
  value: T,
  options: { initialBytes?: number; gatherFrom?: number },
): unknown {
  const writer = new Writer(options);
  writer.u8(7);
  return outcome(() => {
    codec.encode(writer, value);
    assert.equal(writer.depth, 0);
    return writer.take().map(hex);
  });
}

/** Decodes what lies between other bytes. */
function decoded<T>(codec: Codec<T>, payload: Uint8Array): unknown {
  const around = new Uint8Array(payload.length + 20).fill(1);
  around.set(payload, 3);
  const reader = new Reader(around, 3, 3 + payload.length);
  return outcome(() => {
    const value = codec.decode(reader);
    assert.equal(reader.depth, 0);
    return { value, offset: reader.offset };
  });
}

export function assertSameDecoding<T>({ slow, fast }: Forms<T>, payload: Uint8Array): void {
  assert.deepEqual(decoded(fast, payload), decoded(slow, payload));
  assert.deepEqual(
    outcome(() => fast.fromBytes(payload)),
    outcome(() => slow.fromBytes(payload)),
  );
}

export function assertSameEncoding<T>({ slow, fast }: Forms<T>, value: T): void {
  for (const options of [{}, { initialBytes: 0 }, { gatherFrom: 4 }]) {
    assert.deepEqual(encoded(fast, value, options), encoded(slow, value, options));
  }
  assert.deepEqual(
    outcome(() => fast.toBytes(value)),
    outcome(() => slow.toBytes(value)),
  );
}
