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

/**
 * Writes an entry for a payload that stands in the ring, into room granted for `inlineEntryBytes`: all of it but the
 * payload.
 *
 * @returns where the payload is to be written
 */
// r[impl shm.framing.inline]
export function writeInline(bytes: Uint8Array, at: number, length: number): number {
  const total = inlineEntryBytes(length);
  writeHeader(bytes, at, total, 0, length);
  const from = at + ENTRY_HEADER_BYTES;
  for (let pad = from + length; pad < at + total; pad++) bytes[pad] = 0;
  return from;
}

// r[impl shm.framing.slot-ref]
export function writeSlot(bytes: Uint8Array, at: number, { classIndex, slot, generation }: SlotRef): void {
  writeHeader(bytes, at, SLOT_ENTRY_BYTES, SLOT, 0);
  // The extent is always 0, and two bytes are nothing.
  putU32(bytes, at + 8, classIndex);
  putU32(bytes, at + 12, slot);
  putU32(bytes, at + 16, generation);
}

// r[impl shm.framing.mmap-ref]
export function writeMapping(
  bytes: Uint8Array,
  at: number,
  { mapping, generation, offset, length }: MappingRef,
): void {
  writeHeader(bytes, at, MAPPING_ENTRY_BYTES, MAPPING, 0);
  putU32(bytes, at + 8, mapping);
  putU32(bytes, at + 12, generation);
  putU32(bytes, at + 16, Number(offset & 0xffff_ffffn));
  putU32(bytes, at + 20, Number(offset >> 32n));
  putU32(bytes, at + 24, length);
  putU32(bytes, at + 28, 0);
}

// r[impl shm.framing.header]
function writeHeader(bytes: Uint8Array, at: number, total: number, flags: number, inline: number): void {
  putU32(bytes, at, total);
  putU32(bytes, at + 4, flags | (inline << 16));
}

// Byte by byte: a view for each entry costs more than all of this.
function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return (low | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/**
 * The entry at `at`. Each field is read once: whoever wrote it can change it still.
 *
 * @param available bytes from there on that can be read
 * @throws ProtocolError for what is no entry
 */
export function readEntry(bytes: Uint8Array, at: number, available: number): Entry {
  if (available < ENTRY_HEADER_BYTES) fail("shm.framing.header", `${available} bytes are no entry`);
  const total = u32At(bytes, at);
  const word = u32At(bytes, at + 4);
  const flags = word & 0xff;
  const inline = word >>> 16;
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
  const word = u32At(bytes, at + 8);
  const extent = (word >>> 8) & 0xff;
  // r[impl shm.varslot.extents]
  if (extent !== 0) fail("shm.varslot.extents", `extent ${extent}`);
  return {
    classIndex: word & 0xff,
    slot: u32At(bytes, at + 12),
    generation: u32At(bytes, at + 16),
  };
}

function readMapping(bytes: Uint8Array, at: number, total: number): MappingRef {
  if (total < MAPPING_ENTRY_BYTES)
    fail("shm.framing.mmap-ref", `${total} bytes are no reference to a mapping`);
  return {
    mapping: u32At(bytes, at + 8),
    generation: u32At(bytes, at + 12),
    offset: (BigInt(u32At(bytes, at + 20)) << 32n) | BigInt(u32At(bytes, at + 16)),
    length: u32At(bytes, at + 24),
  };
}

function fail(rule: string, message: string): never {
  throw new ProtocolError(rule, message);
}
