import { fstatSync, readSync, writeSync } from "node:fs";
import { ProtocolError } from "../errors.ts";
import { allocate } from "../internal/allocate.ts";
import type { MappingRef } from "./entry.ts";
import type { Mappings } from "./mappings.ts";
import type { Native } from "./native.ts";

/** A mapping holds one payload after the other, or one that is larger (bytes). */
const MAPPING_BYTES = 1024 * 1024;
const ATTACH_BYTES = 16;
/** Room for one descriptor too many, so that it is seen and closed. */
const ATTACH_DESCRIPTORS = 4;
/** Mappings of the other side's with something in them still to be read. */
const MAX_ATTACHED = 256;

interface Filling {
  readonly mapping: number;
  readonly generation: number;
  readonly descriptor: number;
  readonly length: number;
  filled: number;
}

interface Attached {
  readonly generation: number;
  readonly descriptor: number;
  readonly length: number;
  read: number;
}

/**
 * Mappings as files, passed by a datagram socket. They are written and read by system calls and never mapped here:
 * that is the same memory to whoever maps them, takes one copy as well, and a file that is cut off under us is an
 * error and not the end of the process.
 */
// r[impl shm.mmap.registry]
export class FileMappings implements Mappings {
  readonly #native: Native;
  readonly #sendTo: number;
  readonly #receiveFrom: number;
  readonly #leastBytes: number;
  readonly #mostBytes: number;
  #filling: Filling | undefined;
  #next = { mapping: 0, generation: 0 };
  readonly #attached = new Map<number, Attached>();
  #isClosed = false;

  /**
   * @param options.sendTo, options.receiveFrom sockets, this object's from now on
   * @param options.leastBytes the smallest payload that goes into a mapping
   * @param options.mostBytes the largest payload
   */
  constructor(
    native: Native,
    options: { sendTo: number; receiveFrom: number; leastBytes: number; mostBytes: number },
  ) {
    this.#native = native;
    this.#sendTo = options.sendTo;
    this.#receiveFrom = options.receiveFrom;
    this.#leastBytes = options.leastBytes;
    this.#mostBytes = options.mostBytes;
  }

  // ---- ours

  place(pieces: readonly Uint8Array[], length: number): MappingRef | undefined {
    const filling = this.#roomFor(length);
    if (filling === undefined) return undefined;
    const { mapping, generation, descriptor, filled } = filling;
    let at = filled;
    for (const piece of pieces) at += writeAll(descriptor, piece, at);
    filling.filled += length;
    return { mapping, generation, offset: BigInt(filled), length };
  }

  // What was delivered is never written again: nothing tells when its receiver is done.
  // r[impl shm.mmap.reclaim]
  #roomFor(length: number): Filling | undefined {
    const current = this.#filling;
    if (current !== undefined && current.filled + length <= current.length) return current;
    const next = this.#publish(Math.max(length, MAPPING_BYTES));
    if (next === undefined) return undefined;
    if (current !== undefined) this.#native.close(current.descriptor);
    this.#filling = next;
    return next;
  }

  // r[impl shm.mmap.attach.message]
  // r[impl shm.mmap.attach.once]
  #publish(length: number): Filling | undefined {
    const { mapping, generation } = this.#next;
    const descriptor = this.#native.anonymousFile(length);
    const message = new DataView(new ArrayBuffer(ATTACH_BYTES));
    message.setUint32(0, mapping, true);
    message.setUint32(4, generation, true);
    message.setBigUint64(8, BigInt(length), true);
    let isSent = false;
    try {
      isSent = this.#native.send(this.#sendTo, new Uint8Array(message.buffer), [descriptor]);
    } finally {
      if (!isSent) this.#native.close(descriptor);
    }
    if (!isSent) return undefined;
    // r[impl shm.mmap.aba]
    const isLast = mapping === 0xffff_ffff;
    this.#next = { mapping: isLast ? 0 : mapping + 1, generation: isLast ? generation + 1 : generation };
    return { mapping, generation, descriptor, length, filled: 0 };
  }

  // ---- the other side's

  // r[impl shm.mmap.attach]
  read({ mapping, generation, offset, length }: MappingRef): Uint8Array | undefined {
    const attached = this.#find(mapping, generation);
    if (attached === undefined) return undefined;
    // r[impl shm.mmap.bounds]
    if (length > this.#mostBytes || offset + BigInt(length) > BigInt(attached.length)) {
      throw new ProtocolError(
        "shm.mmap.bounds",
        `${length} bytes at ${offset} of a mapping of ${attached.length}`,
      );
    }
    const bytes = allocate(length);
    const start = Number(offset);
    for (let at = 0; at < length; ) {
      const read = readSync(attached.descriptor, bytes, at, length - at, start + at);
      if (read === 0) throw new ProtocolError("shm.mmap.bounds", "a mapping is shorter than was told");
      at += read;
    }
    attached.read += length;
    // r[impl shm.mmap.release]
    if (attached.length - attached.read < this.#leastBytes) this.#detach(mapping, attached);
    return bytes;
  }

  #find(mapping: number, generation: number): Attached | undefined {
    for (;;) {
      const attached = this.#attached.get(mapping);
      if (attached?.generation === generation) return attached;
      if (attached !== undefined && attached.generation > generation) {
        throw new ProtocolError("shm.mmap.aba", `generation ${generation} of mapping ${mapping} is no more`);
      }
      if (!this.#attachNext()) return undefined;
    }
  }

  // r[impl shm.mmap.attach.unix]
  // r[impl shm.mmap.attach.protocol-error]
  #attachNext(): boolean {
    const most = { bytes: ATTACH_BYTES + 1, descriptors: ATTACH_DESCRIPTORS };
    const received = this.#native.receive(this.#receiveFrom, most);
    if (received === undefined) return false;
    const { bytes, descriptors, isCut } = received;
    const [descriptor] = descriptors;
    if (bytes.length !== ATTACH_BYTES || descriptors.length !== 1 || descriptor === undefined || isCut) {
      for (const one of descriptors) this.#native.close(one);
      const what = `${bytes.length} bytes with ${descriptors.length} descriptors`;
      throw new ProtocolError("shm.mmap.attach.protocol-error", `a control message of ${what}`);
    }
    try {
      this.#attach(bytes, descriptor);
    } catch (error) {
      this.#native.close(descriptor);
      throw error;
    }
    return true;
  }

  #attach(bytes: Uint8Array, descriptor: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const mapping = view.getUint32(0, true);
    const generation = view.getUint32(4, true);
    const length = Number(view.getBigUint64(8, true));
    const before = this.#attached.get(mapping);
    if (before !== undefined && before.generation >= generation) {
      throw new ProtocolError("shm.mmap.aba", `mapping ${mapping} again, without another generation`);
    }
    const file = fstatSync(descriptor);
    if (!file.isFile() || file.size < length) {
      throw new ProtocolError(
        "shm.mmap.attach.protocol-error",
        `a mapping of ${length} bytes on ${file.size}`,
      );
    }
    if (before !== undefined) this.#detach(mapping, before);
    if (this.#attached.size >= MAX_ATTACHED) {
      throw new ProtocolError("shm.mmap.registry", `more than ${MAX_ATTACHED} mappings that are not used up`);
    }
    this.#attached.set(mapping, { generation, descriptor, length, read: 0 });
  }

  #detach(mapping: number, { descriptor }: Attached): void {
    this.#attached.delete(mapping);
    this.#native.close(descriptor);
  }

  // r[impl shm.mmap.crash-recovery]
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#filling !== undefined) this.#native.close(this.#filling.descriptor);
    for (const [mapping, attached] of this.#attached) this.#detach(mapping, attached);
    this.#native.close(this.#sendTo);
    if (this.#receiveFrom !== this.#sendTo) this.#native.close(this.#receiveFrom);
  }
}

/** @throws Error of the system where the disk is full, or files may not be so large */
function writeAll(descriptor: number, bytes: Uint8Array, at: number): number {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, at + written);
  }
  return bytes.length;
}
