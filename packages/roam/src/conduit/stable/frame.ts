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

/**
 * Reads the header of a payload; the item is left in the reader, and not looked at.
 *
 * @throws DecodeError if the header is cut short or a number exceeds u32
 */
export function readFrame(reader: Reader): Frame {
  const seq = reader.u32();
  const ack = reader.bool() ? reader.u32() : undefined;
  return { seq, ack, item: { bytes: reader.bytes, start: reader.offset, end: reader.end } };
}
