import { type HandlersOf, type Infer, method, service, t } from "roam";
import type { SeededRandom } from "roam/testing";
import { Ledger } from "../sim/ledger.ts";

const Item = t.struct("Item", { number: t.u32, body: t.bytes });
export type ChaosItem = Infer<typeof Item>;

/** Calls and both directions of streams, everything numbered from 0. */
export const Chaos = service("Chaos", {
  /** @param lane calls of one lane come one after the other */
  echo: method({ lane: t.u32, item: Item }, Item),
  /** The answer says how many items came. */
  up: method({ items: t.rx(Item) }, t.u32),
  /** Sends until `stop` is called; the answer says how many. */
  down: method({ items: t.tx(Item) }, t.u32),
  stop: method({}),
});

/** Most bytes of an item; most have far fewer. */
const MAX_BODY_BYTES = 8_000;

/** The serving side, and what came to it. */
export class ChaosHandlers {
  readonly up = new Ledger();
  readonly #lanes = new Map<number, Ledger>();
  readonly #random: SeededRandom;
  sentDown = 0;
  #isStopped = false;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What came in each lane of calls. */
  get lanes(): readonly Ledger[] {
    return [...this.#lanes.values()];
  }

  readonly handlers: HandlersOf<typeof Chaos> = {
    echo: ({ lane, item }) => {
      const ledger = this.#lanes.get(lane) ?? new Ledger();
      this.#lanes.set(lane, ledger);
      ledger.take(item.number);
      return item;
    },
    up: async ({ items }) => {
      for await (const item of items) {
        checkItem(item);
        this.up.take(item.number);
      }
      return this.up.items;
    },
    down: async ({ items }) => {
      while (!this.#isStopped) await items.send(makeItem(this.sentDown++, this.#random));
      return this.sentDown;
    },
    stop: () => {
      this.#isStopped = true;
    },
  };
}

export function makeItem(number: number, random: SeededRandom): ChaosItem {
  return { number, body: new Uint8Array(random.spread(0, MAX_BODY_BYTES)).fill(number) };
}

/** @throws Error if its bytes are not those that were sent */
export function checkItem({ number, body }: ChaosItem): void {
  if (!body.every((byte) => byte === (number & 0xff))) throw new Error(`item ${number} came damaged`);
}
