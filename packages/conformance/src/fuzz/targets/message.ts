import { decodeMessage, encodeMessage, type Message, MessageSchema } from "roam/wire";
import { compile, Reader, Writer } from "roam-postcard";
import { readMessage } from "../../../../roam/src/wire/message-codec.ts";
import messages from "../../../vectors/messages.json" with { type: "json" };
import { BYTES } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { expectBytes, expectSame, fillerFor, type Outcome, outcome } from "../same-result.ts";

const codec = compile(MessageSchema);
/** Bytes around a payload in its chunk. */
const AROUND = 12;

type Plain = ReturnType<typeof codec.decode>;

function run(input: Uint8Array): void {
  const byHand = outcome(() => {
    const reader = new Reader(input);
    return { value: decodeMessage(reader), end: reader.offset };
  });
  expectInChunk(input, byHand);
  const bySchema = outcome(() => ({ value: codec.decode(new Reader(input)), end: input.length }));
  if ("error" in byHand || "error" in bySchema) {
    if ("error" in byHand && "error" in bySchema) return;
    throw new Broken(`by hand ${shown(byHand)}, by its schema ${shown(bySchema)}`);
  }
  const message = byHand.value as Message;
  const bytes = encoded(message);
  expectBytes("encoded by its schema", codec.toBytes(bySchema.value as Plain), bytes);
  const again = outcome(() => {
    const reader = new Reader(bytes);
    return { value: decodeMessage(reader), end: reader.offset };
  });
  if ("error" in again) throw again.error;
  expectBytes("encoded, decoded and encoded", encoded(again.value as Message), bytes);
}

/** With its body still to be read, in the middle of a chunk that would go on with it. */
function expectInChunk(input: Uint8Array, expected: Outcome): void {
  const filler = fillerFor(input);
  const chunk = new Uint8Array(AROUND + input.length + AROUND).fill(filler);
  chunk.set(input, AROUND);
  const inChunk = outcome(() => {
    const reader = new Reader(chunk, AROUND, AROUND + input.length);
    const message = withBytes(readMessage(reader));
    return { value: message, end: reader.offset - AROUND };
  });
  if ("value" in inChunk && "value" in expected) {
    expectBytes("in a chunk", encoded(inChunk.value as Message), encoded(expected.value as Message));
  } else expectSame(`in a chunk of ${filler}`, inChunk, expected);
}

/** Its body read to the end. */
function withBytes(message: Message): Message {
  if ("args" in message && message.args instanceof Reader) return { ...message, args: message.args.rest() };
  if ("ret" in message && message.ret instanceof Reader) return { ...message, ret: message.ret.rest() };
  if ("item" in message && message.item instanceof Reader) return { ...message, item: message.item.rest() };
  return message;
}

function encoded(message: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.finish();
}

function shown(result: Outcome): string {
  return "error" in result ? result.error.message : "accepted";
}

/** Messages of sessions: the codec written by hand against the one made from the schema. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    outcome(() => ({ value: decodeMessage(new Reader(input)), end: 0 }));
  },
  seeds: () =>
    messages.filter((_, at) => at % 4 === 0).map(({ hex }) => new Uint8Array(Buffer.from(hex, "hex"))),
  maxBytes: 400,
  dictionary: BYTES,
};
