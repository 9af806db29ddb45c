import { Writer } from "roam-postcard";
import type { ItemBytes } from "./frame.ts";

/** Items from this size on have an array of their own, which links take without a copy. */
export const LARGE_ITEM_BYTES = 16 * 1024;
const FIRST_CHUNK_BYTES = 4 * 1024;
const LARGEST_CHUNK_BYTES = 64 * 1024;
/** Room below which a new chunk is begun: a writer that grows copies what it has. */
const LEAST_ROOM_BYTES = 512;

/**
 * Encodes items one behind the other into chunks, for a replay buffer to keep: a chunk lives as
 * long as an item in it. An array for each item costs more than its encoding.
 */
// r[impl zerocopy.scatter.replay]
export class ItemArena<M> {
  readonly #encode: (writer: Writer, item: M) => void;
  #writer = freshWriter(FIRST_CHUNK_BYTES);

  constructor(encode: (writer: Writer, item: M) => void) {
    this.#encode = encode;
  }

  /** @throws what `encode` throws; nothing is kept then */
  add(item: M): ItemBytes {
    const writer = this.#roomy();
    const start = writer.offset;
    try {
      this.#encode(writer, item);
    } catch (error) {
      writer.rollback({ offset: start, gathered: 0 });
      throw error;
    }
    // Gathered bytes are the sender's, who may change them after `send`.
    if (writer.length - start < LARGE_ITEM_BYTES) return { bytes: writer.bytes, start, end: writer.offset };
    const bytes = writer.cut({ offset: start, gathered: 0 });
    if (writer.bytes.length > LARGEST_CHUNK_BYTES) this.#writer = freshWriter(LARGEST_CHUNK_BYTES);
    return { bytes, start: 0, end: bytes.length };
  }

  #roomy(): Writer {
    const { length } = this.#writer.bytes;
    // One that has no buffer yet makes it when something is written.
    if (length > 0 && this.#writer.offset + LEAST_ROOM_BYTES > length) {
      this.#writer = freshWriter(Math.min(2 * length, LARGEST_CHUNK_BYTES));
    }
    return this.#writer;
  }

  /** No item is kept any more: the chunk at hand can be used from its start. */
  reuse(): void {
    this.#writer.offset = 0;
  }
}

/**
 * Appends an item to a link's buffer and says where it stands, for a replay buffer to keep.
 * What the buffer only refers to is the sender's, who may change it: that is copied first.
 */
export function encodeToKeep<M>(
  writer: Writer,
  item: M,
  encode: (writer: Writer, item: M) => void,
): ItemBytes {
  const { offset, gathered } = writer;
  encode(writer, item);
  if (writer.gathered === gathered) return { bytes: writer.bytes, start: offset, end: writer.offset };
  const bytes = writer.cut({ offset, gathered });
  writer.raw(bytes);
  return { bytes, start: 0, end: bytes.length };
}

function freshWriter(initialBytes: number): Writer {
  return new Writer({ initialBytes, gatherFrom: LARGE_ITEM_BYTES });
}
