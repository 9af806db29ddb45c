import { method, service, t } from "roam";
import { Ledger } from "../sim/ledger.ts";

/** One-way streams of any length. The Rust peer has the same service. */
export const Soak = service("Soak", {
  /** Takes a stream; the answer says how many items came in order and whole. */
  push: method({ items: t.rx(t.bytes) }, t.u64.asNumber),
  /** Sends a stream. */
  pull: method({ count: t.u64.asNumber, bytes: t.u32, out: t.tx(t.bytes) }),
});

/** An item begins with its number, as u64 LE; every other byte is the number's lowest. */
const NUMBER_BYTES = 8;

/** Makes items one after the other, all in the same memory. */
export class ItemMaker {
  readonly #item: Buffer;
  #next = 0;

  /** @throws RangeError for a size that has no room for a number */
  constructor(itemBytes: number) {
    if (itemBytes < NUMBER_BYTES) throw new RangeError(`an item has at least ${NUMBER_BYTES} bytes`);
    this.#item = Buffer.alloc(itemBytes);
  }

  next(): Uint8Array {
    const number = this.#next++;
    this.#item.fill(number & 0xff);
    this.#item.writeBigUInt64LE(BigInt(number));
    return this.#item;
  }
}

/** What came of a stream of items, each looked at byte by byte. */
export class ItemChecker {
  readonly #ledger = new Ledger();
  readonly #itemBytes: number | undefined;
  damaged = 0;

  /** @param itemBytes of every item; undefined if nobody said */
  constructor(itemBytes?: number) {
    this.#itemBytes = itemBytes;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  take(item: Uint8Array): void {
    const { buffer, byteOffset, length } = item;
    if (length < NUMBER_BYTES || (this.#itemBytes ?? length) !== length) {
      this.damaged++;
      return;
    }
    const bytes = Buffer.from(buffer, byteOffset, length);
    const number = Number(bytes.readBigUInt64LE());
    this.#ledger.take(number);
    if (!isFilled(bytes.subarray(NUMBER_BYTES), number & 0xff)) this.damaged++;
  }
}

// Each byte equals the one after it, and the first is right: that is compared at memory's speed.
function isFilled(bytes: Buffer, byte: number): boolean {
  if (bytes.length === 0) return true;
  return bytes[0] === byte && bytes.compare(bytes, 1, bytes.length, 0, bytes.length - 1) === 0;
}
