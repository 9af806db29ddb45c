import { type Codec, compile, EncodeError, Reader, type Schema, Writer } from "roam-postcard";
import { useGeneratedCode } from "roam-postcard/generated";
import { Broken } from "./fuzz-target.ts";
import { referenceOf } from "./reference-decoder.ts";
import { expectBytes, expectSame, fillerFor, type Outcome, outcome } from "./same-result.ts";

/** Bytes around a payload in its chunk. */
const BEFORE = 3;
const BEHIND = 20;

/** The two codecs of one type, which must come to the same. */
export interface CodecPair {
  readonly closures: Codec<unknown>;
  readonly generated: Codec<unknown>;
}

/** @param make gives the schema anew each time: a schema has one codec */
export function codecPairs(makers: readonly (() => Schema)[]): CodecPair[] {
  const closures = makers.map((make) => compile(make()));
  if (!useGeneratedCode({ afterUses: 0 })) throw new Broken("no code can be generated here");
  return makers.map((make, index) => ({
    closures: closures[index] as Codec<unknown>,
    generated: compile(make()),
  }));
}

/** Decodes a payload in every way, and what comes of it back and forth. */
export function checkPair({ closures, generated }: CodecPair, payload: Uint8Array): void {
  const expected = decodedAt(closures, payload, 0);
  expectAsContract(closures, payload, expected);
  expectSame("generated decode", decodedAt(generated, payload, 0), expected);
  expectSame("generated fromBytes", fromBytes(generated, payload, expected), expected);
  const filler = fillerFor(payload);
  const chunk = new Uint8Array(BEFORE + payload.length + BEHIND).fill(filler);
  chunk.set(payload, BEFORE);
  const end = BEFORE + payload.length;
  expectSame(`in a chunk of ${filler}`, decodedAt(closures, chunk, BEFORE, end), expected);
  expectSame(`generated in a chunk of ${filler}`, decodedAt(generated, chunk, BEFORE, end), expected);
  if ("value" in expected) checkBackAndForth({ closures, generated }, expected.value);
}

function expectAsContract({ schema, toBytes }: Codec<unknown>, payload: Uint8Array, found: Outcome): void {
  const reference = referenceOf(schema, payload);
  if ("error" in found) {
    if (reference !== undefined) throw new Broken(`refused against the contract: ${found.error.message}`);
    return;
  }
  if (reference === undefined) throw new Broken("taken against the contract");
  if (found.end !== reference.end) throw new Broken(`ends at ${found.end}, by contract at ${reference.end}`);
  if (!reference.hasMembers) expectBytes("the contract's value", toBytes(found.value), reference.bytes);
}

function decodedAt(codec: Codec<unknown>, bytes: Uint8Array, start: number, end = bytes.length): Outcome {
  return outcome(() => {
    const reader = new Reader(bytes, start, end);
    const value = codec.decode(reader);
    if (reader.depth !== 0) throw new Broken(`depth ${reader.depth} behind a value`);
    return { value, end: reader.offset - start };
  });
}

/** It does not tell where the value ended. */
function fromBytes(codec: Codec<unknown>, payload: Uint8Array, expected: Outcome): Outcome {
  const end = "end" in expected ? expected.end : 0;
  return outcome(() => ({ value: codec.fromBytes(payload), end }));
}

/** What was decoded can be encoded, and comes back as it was. */
function checkBackAndForth({ closures, generated }: CodecPair, value: unknown): void {
  const bytes = encodable(() => closures.toBytes(value));
  expectBytes(
    "generated toBytes",
    encodable(() => generated.toBytes(value)),
    bytes,
  );
  const writer = new Writer();
  encodable(() => generated.encode(writer, value));
  expectBytes("generated encode", writer.finish(), bytes);
  expectSame("encoded and decoded", decodedAt(closures, bytes, 0), { value, end: bytes.length });
  expectBytes("encoded, decoded and encoded", closures.toBytes(closures.fromBytes(bytes)), bytes);
}

function encodable<T>(encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (error instanceof EncodeError) throw new Broken(`decoded, and not to be encoded: ${error.message}`);
    throw error;
  }
}
