import { Writer } from "roam-postcard";
import { writeFrameHeader } from "../../../roam/src/conduit/stable/frame.ts";
import {
  type ClientHello,
  decodeServerHello,
  encodeClientHello,
  type ServerHello,
} from "../../../roam/src/conduit/stable/hello.ts";
import { Difference } from "../vectors/tally.ts";
import type { RawLink } from "./raw-link.ts";

/** The ServerHello that refuses, in hex: flag 1, a key of zeros, no number. */
const REFUSAL = `524f534801${"00".repeat(20)}`;

/** Sends a ClientHello. @returns the answer; undefined if the link ended without one */
export async function knock(
  link: RawLink,
  hello: Partial<ClientHello> = {},
): Promise<ServerHello | undefined> {
  link.send(encodeClientHello({ resumeKey: undefined, lastReceived: undefined, ...hello }));
  const payload = await link.next("a ServerHello");
  if (payload === undefined) return undefined;
  const answer = decodeServerHello(payload);
  if (answer.isRejected && Buffer.from(payload).toString("hex") !== REFUSAL)
    throw new Difference(`a refusal that says more: ${Buffer.from(payload).toString("hex")}`);
  return answer;
}

/** A frame around the bytes of an item. */
export function frameOf(seq: number, ack: number | undefined, item: Uint8Array): Uint8Array {
  const writer = new Writer();
  writeFrameHeader(writer, seq, ack);
  writer.raw(item);
  return writer.finish();
}
