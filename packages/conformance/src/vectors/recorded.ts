import { HELLO_BYTES } from "../../../roam/src/conduit/stable/hello.ts";
import { decodeValue } from "../coded.ts";
import { decodeFrame } from "../decode-frame.ts";
import { fromHex } from "../hex.ts";
import type { Neutral } from "../neutral.ts";
import { isPayload, type PayloadEntry, type Side, type Transcript } from "../transcript.ts";

/** A session message as the recorded schema decodes it; ids are bigints. */
export interface RecordedMessage {
  readonly connection_id: bigint;
  readonly payload: RecordedPayload;
}

type RecordedPayload =
  | { readonly tag: "RequestMessage"; readonly value: { readonly id: bigint; readonly body: RequestBody } }
  | { readonly tag: "ChannelMessage"; readonly value: { readonly id: bigint; readonly body: ChannelBody } }
  | { readonly tag: "Ping" | "Pong"; readonly value: { readonly nonce: bigint } }
  | {
      readonly tag: "Hello" | "HelloYourself" | "ConnectionOpen" | "ConnectionAccept";
      readonly value: { readonly connection_settings: { readonly parity: "Odd" | "Even" } };
    }
  | { readonly tag: "ProtocolError" | "ConnectionReject" | "ConnectionClose" };

export type RequestBody =
  | {
      readonly tag: "Call";
      readonly value: {
        readonly method_id: bigint;
        readonly channels: readonly bigint[];
        readonly args: Uint8Array;
      };
    }
  | {
      readonly tag: "Response";
      readonly value: { readonly channels: readonly bigint[]; readonly ret: Uint8Array };
    }
  | { readonly tag: "Cancel" };

export type ChannelBody =
  | { readonly tag: "Item"; readonly value: { readonly item: Uint8Array } }
  | { readonly tag: "Close" | "Reset" | "GrantCredit" };

/** One message of a transcript, where it stands and who wrote it. */
export interface Event {
  readonly entry: PayloadEntry;
  readonly from: Side;
  /** Written by the tap: it may break any rule. */
  readonly isInjected: boolean;
  readonly message: RecordedMessage;
}

/** The messages of a transcript that decode, each once: replayed frames are left out. */
export function eventsOf(transcript: Transcript, message: Neutral): readonly Event[] {
  const sent = new Set<string>();
  return transcript.entries.filter(isPayload).flatMap((entry) => {
    if (entry.decoded === "undecodable") return [];
    let bytes = fromHex(entry.hex);
    if (transcript.conduit === "stable") {
      if (isHello(entry)) return [];
      const { seq, item } = decodeFrame(bytes);
      const place = `${entry.from} ${seq}`;
      if (sent.has(place)) return [];
      sent.add(place);
      bytes = item;
    }
    const decoded = decodeValue(message.schema, bytes, { isStrict: false }) as RecordedMessage;
    return [{ entry, from: entry.from, isInjected: entry.fate === "injected", message: decoded }];
  });
}

/** True for the first payload of each side on each link of a stable conduit. */
export function isHello({ hex, decoded }: PayloadEntry): boolean {
  return (
    hex.length === 2 * HELLO_BYTES && typeof decoded === "object" && decoded !== null && "hello" in decoded
  );
}
