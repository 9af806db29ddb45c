import { Writer } from "roam-postcard";
import { writeFrameHeader } from "../../../roam/src/conduit/stable/frame.ts";
import {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
} from "../../../roam/src/conduit/stable/hello.ts";
import { decodeValue, encodeValue } from "../coded.ts";
import { decodeFrame } from "../decode-frame.ts";
import { fromHex, toHex } from "../hex.ts";
import { type Neutral, neutral } from "../neutral.ts";
import type { NeutralType } from "../neutral-type.ts";
import { expectEqual, type Tally } from "./tally.ts";

export interface HelloFields {
  readonly flags: number;
  readonly last_received: number;
}

export interface HelloCase extends HelloFields {
  readonly kind: "client-hello" | "server-hello";
  readonly magic: string;
  readonly resume_key_hex: string;
}

export interface FrameCase {
  readonly kind: "frame";
  readonly seq: number;
  readonly ack: RecordedAck;
  readonly item_hex: string;
}

export type RecordedAck = { readonly none: null } | { readonly some: number };

type Case = { readonly name: string; readonly hex: string } & (HelloCase | FrameCase);

/** frames.json: hellos and frames of the stable conduit, from bytes and to bytes. */
export function checkFrames(file: unknown, tally: Tally, companion: (name: string) => unknown): void {
  const message = neutral(companion("messages_schema.json") as NeutralType);
  for (const c of file as readonly Case[]) {
    tally.run(c.name, () => {
      if (c.kind === "frame") checkFrame(c, c.hex, message);
      else checkHello(c, c.hex);
    });
  }
}

export function checkHello(expected: HelloCase, hex: string): void {
  const payload = fromHex(hex);
  const isClient = expected.kind === "client-hello";
  if (!isClient && expected.kind !== "server-hello") throw new TypeError(`unknown kind ${expected.kind}`);
  expectEqual("magic", new TextDecoder().decode(payload.subarray(0, 4)), expected.magic);
  expectEqual(
    "last received",
    helloAt(isClient, payload).lastReceived,
    presentIf(expected, 2, expected.last_received),
  );
  if (isClient) {
    const hello = decodeClientHello(payload);
    expectEqual("resume key", hello.resumeKey, presentIf(expected, 1, fromHex(expected.resume_key_hex)));
    expectEqual("encoded again", toHex(encodeClientHello(hello)), withKnownFlags(hex));
  } else {
    const hello = decodeServerHello(payload);
    expectEqual("rejected", hello.isRejected, (expected.flags & 1) !== 0);
    expectEqual("resume key", hello.resumeKey, fromHex(expected.resume_key_hex));
    expectEqual("encoded again", toHex(encodeServerHello(hello)), withKnownFlags(hex));
  }
}

function helloAt(isClient: boolean, payload: Uint8Array): { readonly lastReceived: number | undefined } {
  return isClient ? decodeClientHello(payload) : decodeServerHello(payload);
}

function presentIf<T>({ flags }: HelloFields, bit: number, value: T): T | undefined {
  return (flags & bit) === 0 ? undefined : value;
}

/** Flag bits 2 to 7 are ignored when received and sent as 0. */
function withKnownFlags(hex: string): string {
  const payload = fromHex(hex);
  payload[4] = (payload[4] as number) & 3;
  return toHex(payload);
}

export function checkFrame(expected: FrameCase, hex: string, message: Neutral): void {
  const frame = decodeFrame(fromHex(hex));
  expectEqual("seq", frame.seq, expected.seq);
  expectEqual("ack", frame.ack, "some" in expected.ack ? expected.ack.some : undefined);
  expectEqual("item", toHex(frame.item), expected.item_hex);
  const writer = new Writer();
  writeFrameHeader(writer, frame.seq, frame.ack);
  const item = decodeValue(message.schema, frame.item, { isStrict: true });
  writer.raw(encodeValue(message.schema, item));
  expectEqual("encoded again", toHex(writer.finish()), hex);
}
