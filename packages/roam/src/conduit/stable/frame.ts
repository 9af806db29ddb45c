import type { Reader, Writer } from "roam-postcard";
import { LARGE_ITEM_BYTES } from "./item-arena.ts";

/** Longest frame header (bytes): two u32 varints and the tag between them. */
export const MAX_FRAME_HEADER_BYTES = 11;

/** Encoded item: bytes in a buffer that may hold others too. No view, for a view costs as much as a small item. */
export interface ItemBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A payload of the stable conduit: header and item, the item running to the end. */
export interface Frame {
  /** Sequence number (u32) in the sender's direction. */
  readonly seq: number;
  /** Highest sequence number the sender has received, absent when none. */
  readonly ack: number | undefined;
  readonly item: ItemBytes;
}

/** Writes the header that goes before the bytes of an item. */
// r[impl stable.framing]
// r[impl stable.framing.encoding]
// r[impl zerocopy.framing.conduit.stable]
export function writeFrameHeader(writer: Writer, seq: number, ack: number | undefined): void {
  writer.varint(seq);
  if (ack === undefined) writer.u8(0);
  else {
    writer.u8(1);
    writer.varint(ack);
  }
}

export function encodeFrame(writer: Writer, { seq, ack, item }: Frame): void {
  writeFrameHeader(writer, seq, ack);
  const { bytes, start, end } = item;
  // What lies with others in a chunk may be overwritten once it is acknowledged.
  if (end - start < LARGE_ITEM_BYTES) writer.copy(bytes, start, end);
  else writer.raw(bytes.subarray(start, end));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A frame to be filled again and again, by who keeps none. */
export type FrameInHand = Mutable<Omit<Frame, "item">> & { readonly item: Mutable<ItemBytes> };

export function frameInHand(): FrameInHand {
  return { seq: 0, ack: undefined, item: { bytes: EMPTY, start: 0, end: 0 } };
}

const EMPTY = new Uint8Array();

/**
 * Reads the header of a payload; the item is left in the reader, and not looked at.
 *
 * @param frame is filled and returned
 * @throws DecodeError if the header is cut short or a number exceeds u32
 */
export function readFrame(reader: Reader, frame: FrameInHand = frameInHand()): Frame {
  frame.seq = reader.u32();
  frame.ack = reader.bool() ? reader.u32() : undefined;
  const { item } = frame;
  item.bytes = reader.bytes;
  item.start = reader.offset;
  item.end = reader.end;
  return frame;
}
