import type { Reader } from "roam-postcard";
import { ProtocolError } from "../errors.ts";
import { ownRest } from "../internal/own.ts";
import type { Id } from "../wire/message.ts";

/** What came for a channel before the Call that carries it. */
export interface Unbound {
  readonly items: Uint8Array[];
  /** More came than is held: the channel is reset when it is bound. */
  isOverflowing: boolean;
  isClosed: boolean;
  isReset: boolean;
  credit: number;
}

interface UnboundLimits {
  readonly maxChannels: number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

/** Holds the early messages of channels that are not bound yet, within limits. */
// r[impl rpc.x.prebind]
export class UnboundItems {
  readonly #entries = new Map<Id, Unbound>();
  readonly #limits: UnboundLimits;
  readonly #onBuffered: (deltaBytes: number) => void;
  #bytes = 0;

  constructor(limits: UnboundLimits, onBuffered: (deltaBytes: number) => void = () => {}) {
    this.#limits = limits;
    this.#onBuffered = onBuffered;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The early messages of `id`, to be added to.
   *
   * @throws ProtocolError if more channels than allowed are spoken of before their Call
   */
  of(id: Id): Unbound {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      if (this.#entries.size >= this.#limits.maxChannels) {
        throw new ProtocolError(
          "rpc.x.prebind",
          `messages for more than ${this.#limits.maxChannels} unknown channels`,
        );
      }
      entry = { items: [], isOverflowing: false, isClosed: false, isReset: false, credit: 0 };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  /** @throws ProtocolError above the byte limit of the connection */
  hold(id: Id, item: Reader): void {
    const entry = this.of(id);
    if (entry.isOverflowing) return;
    if (entry.items.length >= this.#limits.maxItems) {
      this.#add(-sum(entry.items));
      entry.items.length = 0;
      entry.isOverflowing = true;
      return;
    }
    if (this.#bytes + item.remaining > this.#limits.maxBytes) {
      throw new ProtocolError(
        "session.x.limits",
        `more than ${this.#limits.maxBytes} bytes for unknown channels`,
      );
    }
    this.#add(item.remaining);
    entry.items.push(ownRest(item));
  }

  /** What came early for a channel that is being bound. */
  take(id: Id): Unbound | undefined {
    const entry = this.#entries.get(id);
    if (entry !== undefined) {
      this.#entries.delete(id);
      this.#add(-sum(entry.items));
    }
    return entry;
  }

  clear(): void {
    this.#entries.clear();
    this.#add(-this.#bytes);
  }

  #add(deltaBytes: number): void {
    this.#bytes += deltaBytes;
    this.#onBuffered(deltaBytes);
  }
}

function sum(items: readonly Uint8Array[]): number {
  return items.reduce((total, item) => total + item.length, 0);
}
