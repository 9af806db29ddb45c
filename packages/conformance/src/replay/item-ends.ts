import type { Rx, Tx } from "roam";
import type { ChannelNode } from "roam/schema";
import { compile, Reader, Writer } from "roam-postcard";
import { toHex } from "../hex.ts";
import { expectEqual } from "../vectors/tally.ts";
import { bytesOf, type MessageStep } from "./scene.ts";

interface Channel {
  readonly node: ChannelNode;
  /** All that are recorded, in order. */
  readonly items: readonly MessageStep<"ChannelItem">[];
  watch(what: string, promise: Promise<unknown>): void;
}

/**
 * Sends recorded items when they are due. Where credit has run out the next one is handed over at
 * once, as by an application that sends in a loop: the runtime has to hold it back.
 */
export class ItemWriter {
  readonly #tx: Tx<unknown>;
  readonly #channel: Channel & { readonly isLeftOpen: boolean };
  #credit: number;
  #sent = 0;
  #isNextOffered = false;

  constructor(tx: Tx<unknown>, channel: Channel & { readonly isLeftOpen: boolean }) {
    this.#tx = tx;
    this.#channel = channel;
    this.#credit = channel.node.credit;
    this.#offerIfExhausted();
  }

  send(step: MessageStep<"ChannelItem">): void {
    if (!this.#isNextOffered) this.#put(step);
    this.#isNextOffered = false;
    this.#sent++;
    this.#credit--;
    this.#offerIfExhausted();
  }

  #offerIfExhausted(): void {
    const next = this.#channel.items[this.#sent];
    if (this.#credit > 0 || next === undefined) return;
    this.#isNextOffered = true;
    this.#put(next);
  }

  #put({ message }: MessageStep<"ChannelItem">): void {
    const { node, watch } = this.#channel;
    const item = compile(node.item).decode(new Reader(bytesOf(message.item)));
    watch(`item ${this.#sent}`, this.#tx.send(item));
  }

  onGrant(additional: number): void {
    this.#credit += additional;
  }

  /** The item that waits for credit. */
  get heldBack(): MessageStep<"ChannelItem"> | undefined {
    return this.#isNextOffered && this.#credit <= 0 ? this.#channel.items[this.#sent] : undefined;
  }

  close(): void {
    const { isLeftOpen, watch } = this.#channel;
    if (!isLeftOpen) watch("the close", this.#tx.close());
  }
}

/** Takes items, one after another, and checks that they are the recorded ones. */
export class ItemReader {
  readonly #rx: Rx<unknown>;
  readonly #channel: Channel & { readonly granted: number };
  /** Items asked for, the end included. */
  #asked = 0;
  /** Items that grants up to here were for. */
  #due = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param channel.granted credit that our role granted in all */
  constructor(rx: Rx<unknown>, channel: Channel & { readonly granted: number }) {
    this.#rx = rx;
    this.#channel = channel;
  }

  /** Takes what makes a published receiver grant this much. */
  takeForGrant(additional: number): void {
    this.#due += additional;
    this.#takeUpTo(this.#due);
  }

  /**
   * The sender closes next. A published receiver grants afterwards too, ours does not: everything
   * is taken now that is granted for then. A rest too small for a grant may have been taken too.
   */
  takeBeforeClose(): void {
    const { granted, items, node } = this.#channel;
    this.#takeUpTo(granted);
    const portion = Math.max(1, Math.floor(node.credit / 2));
    if (items.length - granted < portion) this.#takeUpTo(items.length + 1);
  }

  #takeUpTo(count: number): void {
    while (this.#asked < count) {
      const place = this.#asked++;
      const taken = this.#last.then(() => this.#take(place));
      this.#last = taken.catch(() => {});
      this.#channel.watch(`taking item ${place}`, taken);
    }
  }

  async #take(place: number): Promise<void> {
    const { items, node } = this.#channel;
    const { done, value } = await this.#rx.next();
    const writer = new Writer();
    if (!done) compile(node.item).encode(writer, value);
    const got = done ? "the end" : toHex(writer.finish());
    const expected = items[place];
    expectEqual("taken", got, expected === undefined ? "the end" : toHex(bytesOf(expected.message.item)));
  }
}
