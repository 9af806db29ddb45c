import { ProtocolError } from "../errors.ts";

/** Header of an entry (bytes): its length in all, flags, and the length of an inline payload. */
export const ENTRY_HEADER_BYTES = 8;
export const SLOT_ENTRY_BYTES = 20;
export const MAPPING_ENTRY_BYTES = 32;
/** Inline payloads are shorter than this (bytes): their length is a u16, and 0 says "up to the end". */
export const MAX_INLINE_BYTES = 65_536;

// r[impl shm.framing.flags]
const SLOT = 1;
const MAPPING = 2;

/** A payload in a slot of the pool that host and guests share. */
export interface SlotRef {
  /** Index of its size class. */
  readonly classIndex: number;
  readonly slot: number;
  /** Raised each time the slot is given out. */
  readonly generation: number;
}

/** A payload in a mapping of its sender's. */
export interface MappingRef {
  readonly mapping: number;
  readonly generation: number;
  /** Where in the mapping, and how long (bytes). */
  readonly offset: bigint;
  readonly length: number;
}

/** What one entry of a ring says of its payload. */
// r[impl shm.framing]
export type Entry =
  /** It follows the header; `at` is an offset in the same bytes. */
  | { readonly kind: "inline"; readonly total: number; readonly at: number; readonly length: number }
  | { readonly kind: "slot"; readonly total: number; readonly ref: SlotRef }
  | { readonly kind: "mapping"; readonly total: number; readonly ref: MappingRef };

/** What an inline payload takes in a ring (bytes). */
export function inlineEntryBytes(length: number): number {
  return align(ENTRY_HEADER_BYTES + length);
}

// r[impl shm.framing.alignment]
function align(length: number): number {
  return (length + 3) & ~3;
}

/** Writes an entry with its payload into room granted for `inlineEntryBytes`. */
// r[impl shm.framing.inline]
export function writeInline(bytes: Uint8Array, at: number, payload: Uint8Array): void {
  const total = inlineEntryBytes(payload.length);
  writeHeader(bytes, at, total, 0, payload.length);
  bytes.set(payload, at + ENTRY_HEADER_BYTES);
  bytes.fill(0, at + ENTRY_HEADER_BYTES + payload.length, at + total);
}

// r[impl shm.framing.slot-ref]
export function writeSlot(bytes: Uint8Array, at: number, { classIndex, slot, generation }: SlotRef): void {
  writeHeader(bytes, at, SLOT_ENTRY_BYTES, SLOT, 0);
  const view = viewOf(bytes, at + ENTRY_HEADER_BYTES, 12);
  // The extent is always 0, and two bytes are nothing.
  view.setUint32(0, classIndex, true);
  view.setUint32(4, slot, true);
  view.setUint32(8, generation, true);
}

// r[impl shm.framing.mmap-ref]
export function writeMapping(
  bytes: Uint8Array,
  at: number,
  { mapping, generation, offset, length }: MappingRef,
): void {
  writeHeader(bytes, at, MAPPING_ENTRY_BYTES, MAPPING, 0);
  const view = viewOf(bytes, at + ENTRY_HEADER_BYTES, 24);
  view.setUint32(0, mapping, true);
  view.setUint32(4, generation, true);
  view.setBigUint64(8, offset, true);
  view.setUint32(16, length, true);
  view.setUint32(20, 0, true);
}

// r[impl shm.framing.header]
function writeHeader(bytes: Uint8Array, at: number, total: number, flags: number, inline: number): void {
  const view = viewOf(bytes, at, ENTRY_HEADER_BYTES);
  view.setUint32(0, total, true);
  view.setUint8(4, flags);
  view.setUint8(5, 0);
  view.setUint16(6, inline, true);
}

function viewOf(bytes: Uint8Array, at: number, length: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at, length);
}

/**
 * The entry at `at`. Each field is read once: whoever wrote it can change it still.
 *
 * @param available bytes from there on that can be read
 * @throws ProtocolError for what is no entry
 */
export function readEntry(bytes: Uint8Array, at: number, available: number): Entry {
  if (available < ENTRY_HEADER_BYTES) fail("shm.framing.header", `${available} bytes are no entry`);
  const view = viewOf(bytes, at, ENTRY_HEADER_BYTES);
  const total = view.getUint32(0, true);
  const flags = view.getUint8(4);
  const inline = view.getUint16(6, true);
  if (total < ENTRY_HEADER_BYTES || total > available || total % 4 !== 0) {
    fail("shm.framing.header", `an entry of ${total} bytes, where ${available} are`);
  }
  if ((flags & ~(SLOT | MAPPING)) !== 0 || flags === (SLOT | MAPPING))
    fail("shm.framing.flags", `flags ${flags}`);
  if (flags === SLOT) return { kind: "slot", total, ref: readSlot(bytes, at, total) };
  if (flags === MAPPING) return { kind: "mapping", total, ref: readMapping(bytes, at, total) };
  const length = inline === 0 ? total - ENTRY_HEADER_BYTES : inline;
  if (length > total - ENTRY_HEADER_BYTES)
    fail("shm.framing.inline", `${length} bytes in an entry of ${total}`);
  return { kind: "inline", total, at: at + ENTRY_HEADER_BYTES, length };
}

function readSlot(bytes: Uint8Array, at: number, total: number): SlotRef {
  if (total < SLOT_ENTRY_BYTES) fail("shm.framing.slot-ref", `${total} bytes are no reference to a slot`);
  const view = viewOf(bytes, at + ENTRY_HEADER_BYTES, 12);
  const extent = view.getUint8(1);
  if (extent !== 0) fail("shm.varslot.extents", `extent ${extent}`);
  return {
    classIndex: view.getUint8(0),
    slot: view.getUint32(4, true),
    generation: view.getUint32(8, true),
  };
}

function readMapping(bytes: Uint8Array, at: number, total: number): MappingRef {
  if (total < MAPPING_ENTRY_BYTES)
    fail("shm.framing.mmap-ref", `${total} bytes are no reference to a mapping`);
  const view = viewOf(bytes, at + ENTRY_HEADER_BYTES, 24);
  return {
    mapping: view.getUint32(0, true),
    generation: view.getUint32(4, true),
    offset: view.getBigUint64(8, true),
    length: view.getUint32(16, true),
  };
}

function fail(rule: string, message: string): never {
  throw new ProtocolError(rule, message);
}
