import type { MappingRef } from "./entry.ts";

/** Payloads too large for every slot: each is in a mapping outside the segment, of its sender's. */
// r[impl shm.mmap]
export interface Mappings {
  /**
   * Puts a payload into a mapping that the other side has been told of.
   *
   * @returns undefined while the other side cannot be told of another one
   */
  place(pieces: readonly Uint8Array[], length: number): MappingRef | undefined;
  /**
   * A copy of a payload that the other side has placed.
   *
   * @returns undefined if its mapping has not been told of yet
   * @throws ProtocolError for what lies in no mapping
   */
  read(ref: MappingRef): Uint8Array | undefined;
  close(): void;
}
