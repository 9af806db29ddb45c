import { Reader } from "roam-postcard";
import { readFrame } from "../../roam/src/conduit/stable/frame.ts";

/** A payload of a stable conduit, its item as an array. */
export interface DecodedFrame {
  readonly seq: number;
  readonly ack: number | undefined;
  readonly item: Uint8Array;
}

/** @throws DecodeError for a header that is none */
export function decodeFrame(payload: Uint8Array): DecodedFrame {
  const { seq, ack, item } = readFrame(new Reader(payload));
  return { seq, ack, item: payload.subarray(item.start, item.end) };
}
