import { decodeValue, encodeValue } from "../coded.ts";
import { decodeFrame } from "../decode-frame.ts";
import { fromHex, toHex } from "../hex.ts";
import { type Neutral, neutral } from "../neutral.ts";
import { asObject } from "../neutral-parts.ts";
import type { Json, NeutralType } from "../neutral-type.ts";
import { sameValue } from "../same-value.ts";
import {
  isPayload,
  type PayloadEntry,
  type RecordedService,
  type Side,
  type Transcript,
} from "../transcript.ts";
import { checkFrame, checkHello, type RecordedAck } from "./frames.ts";
import { eventsOf, isHello } from "./recorded.ts";
import { Difference, expectEqual, expectRefused, show, type Tally } from "./tally.ts";
import { checkIds } from "./transcript-ids.ts";
import { checkSequence } from "./transcript-sequence.ts";
import { checkTyped } from "./transcript-typed.ts";
import { checkWireMessage } from "./wire-message.ts";

/**
 * transcripts.json as data: every payload decodes to what is recorded and back, and what the
 * payloads say of each other (ids, channels, seq and ack, types of arguments) agrees.
 *
 * Playing the scenes against a running peer starts from the same `Transcript`.
 */
export function checkTranscripts(file: unknown, tally: Tally, companion: (name: string) => unknown): void {
  const message = neutral(companion("messages_schema.json") as NeutralType);
  const service = companion("transcripts_service.json") as RecordedService;
  for (const transcript of file as readonly Transcript[]) {
    for (const [index, entry] of transcript.entries.entries()) {
      if (isPayload(entry))
        tally.run(`${transcript.name}, entry ${index}`, () => checkEntry(entry, transcript, message));
    }
    const run = (what: string, check: () => void) => tally.run(`${transcript.name}, ${what}`, check);
    run("payloads that arrived", () => {
      expectEqual(
        "initiator to acceptor",
        arrived(transcript, "initiator"),
        transcript.initiator_to_acceptor,
      );
      expectEqual("acceptor to initiator", arrived(transcript, "acceptor"), transcript.acceptor_to_initiator);
    });
    run("ids", () => checkIds(eventsOf(transcript, message)));
    run("arguments, results and items", () => checkTyped(eventsOf(transcript, message), service));
    if (transcript.conduit === "stable") run("seq and ack", () => checkSequence(transcript));
  }
}

function arrived({ entries }: Transcript, from: Side): readonly string[] {
  return entries
    .filter(isPayload)
    .filter((entry) => entry.from === from && entry.fate !== "lost")
    .map((entry) => entry.hex);
}

function checkEntry(entry: PayloadEntry, { conduit }: Transcript, message: Neutral): void {
  if (conduit === "bare") return checkMessage(entry, fromHex(entry.hex), entry.decoded, message);
  if (entry.decoded === "undecodable") {
    return expectRefused("decoded", () => {
      const { item } = decodeFrame(fromHex(entry.hex));
      return decodeValue(message.schema, item, { isStrict: false });
    });
  }
  const decoded = asObject(entry.decoded);
  if (isHello(entry)) {
    return checkHello(
      {
        kind: decoded.hello === "ROCH" ? "client-hello" : "server-hello",
        magic: decoded.hello as string,
        flags: decoded.flags as number,
        resume_key_hex: decoded.resume_key as string,
        last_received: decoded.last_received as number,
      },
      entry.hex,
    );
  }
  const { item } = decodeFrame(fromHex(entry.hex));
  checkMessage(entry, item, decoded.item as Json, message);
  if (entry.fate !== "injected") {
    const { seq, ack } = decoded as unknown as { readonly seq: number; readonly ack: RecordedAck };
    checkFrame({ kind: "frame", seq, ack, item_hex: toHex(item) }, entry.hex, message);
  }
}

function checkMessage(entry: PayloadEntry, bytes: Uint8Array, recorded: Json, message: Neutral): void {
  const { schema, toValue, toJson } = message;
  // Peers write canonical bytes; the tap may leave some over.
  const isStrict = entry.fate !== "injected";
  const decode = () => decodeValue(schema, bytes, { isStrict });
  checkWireMessage(bytes, recorded, { isCanonical: isStrict });
  if (recorded === "undecodable") return expectRefused("decoded", decode);
  const decoded = decode();
  if (!sameValue(decoded, toValue(recorded))) {
    throw new Difference(`decoded: expected ${show(recorded)}, got ${show(toJson(decoded))}`);
  }
  if (isStrict) expectEqual("encoded again", toHex(encodeValue(schema, decoded)), toHex(bytes));
}
