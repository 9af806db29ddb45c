import { type Handlers, method, service, t } from "roam";
import { Ledger } from "../sim/ledger.ts";

/** What the attacked server serves. */
export const Desk = service("Desk", {
  /** Notes a number of an owner; each is to come once, in order. */
  mark: method({ owner: t.u32, number: t.u32 }, t.u32),
  echo: method({ value: t.u32 }, t.u32),
  /** An answer of so many bytes. */
  blob: method({ bytes: t.u32 }, t.bytes),
  /** Numbers, until the desk is told to stop. Gives how many. */
  down: method({ items: t.tx(t.u32, 64) }, t.u32),
  /** Takes numbers. Gives how many came in order, each once. */
  up: method({ items: t.rx(t.u32, 64) }, t.u32),
});

/** Pause between two items of a stream (ms). */
export const PACE_MS = 5;

/** The handlers, and what they saw. */
export class DeskLog {
  readonly #ledgers = new Map<number, Ledger>();
  #isStopped = false;

  readonly handlers: Handlers<(typeof Desk)["methods"]> = {
    mark: ({ owner, number }) => {
      this.of(owner).take(number);
      return number;
    },
    echo: ({ value }) => value,
    blob: ({ bytes }) => new Uint8Array(bytes),
    down: async ({ items }) => {
      let sent = 0;
      for (; !this.#isStopped; sent++) {
        await items.send(sent);
        await pause(PACE_MS);
      }
      return sent;
    },
    up: async ({ items }) => {
      const ledger = new Ledger();
      for await (const item of items) ledger.take(item);
      return ledger.isInOrder ? ledger.items : 0;
    },
  };

  /** What came of an owner's marks. */
  of(owner: number): Ledger {
    let ledger = this.#ledgers.get(owner);
    if (ledger === undefined) {
      ledger = new Ledger();
      this.#ledgers.set(owner, ledger);
    }
    return ledger;
  }

  forget(owner: number): void {
    this.#ledgers.delete(owner);
  }

  stop(): void {
    this.#isStopped = true;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
