import { Reader, type Writer } from "roam-postcard";

/** Longest frame header (bytes): two u32 varints and the tag between them. */
export const MAX_FRAME_HEADER_BYTES = 11;

/** A payload of the stable conduit: header and item, the item running to the end. */
export interface Frame {
  /** Sequence number (u32) in the sender's direction. */
  readonly seq: number;
  /** Highest sequence number the sender has received, absent when none. */
  readonly ack: number | undefined;
  /** Encoded item: a view on the payload. */
  readonly item: Uint8Array;
}

/** Writes the header that goes before the bytes of an item. */
// r[impl stable.framing]
// r[impl stable.framing.encoding]
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
  writer.raw(item);
}

/**
 * Splits a payload; the item is not looked at.
 *
 * @throws DecodeError if the header is cut short or a number exceeds u32
 */
export function decodeFrame(payload: Uint8Array): Frame {
  const reader = new Reader(payload);
  const seq = reader.u32();
  const ack = reader.bool() ? reader.u32() : undefined;
  return { seq, ack, item: reader.rest() };
}
