import type { HandlersOf } from "roam";
import { Ledger } from "../sim/ledger.ts";
import type { Waiters } from "./waiters.ts";
import { checkItem, smallItem, type Works } from "./works-service.ts";

/** What came of one sequence. */
export interface Came {
  readonly items: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

/** The serving side, and what came to it. */
export class WorksServer {
  readonly #waiters: Waiters;
  readonly #ledgers = new Map<string, Ledger>();
  readonly #stopped = new Set<number>();
  #calls = 0;
  /** Handlers that wait for their client. */
  running = 0;

  constructor(waiters: Waiters) {
    this.#waiters = waiters;
  }

  readonly handlers: HandlersOf<typeof Works> = {
    echo: ({ client, lane, item }) => {
      checkItem(item);
      this.#ledger(`${client} lane ${lane}`).take(item.number);
      return item;
    },
    up: async ({ client, items }) => {
      const ledger = this.#ledger(`${client} up`);
      await this.#counted(`up of ${client}`, async () => {
        for await (const item of items) {
          checkItem(item);
          ledger.take(item.number);
        }
      });
      return ledger.items;
    },
    down: async ({ client, items }) => {
      let sent = 0;
      await this.#counted(`down of ${client}`, async () => {
        while (!this.#stopped.has(client)) await items.send(smallItem(sent++, 0.5));
      });
      return sent;
    },
    hold: ({ client }, { signal }) => this.#counted(`hold of ${client}`, () => untilAborted(signal)),
    stop: ({ client }) => {
      this.#stopped.add(client);
    },
  };

  /** What came of a client, by sequence. */
  came(client: number): Readonly<Record<string, Came>> {
    const prefix = `${client} `;
    const own = [...this.#ledgers].filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(
      own.map(([name, { items, doubled, outOfOrder }]) => [
        name.slice(prefix.length),
        { items, doubled, outOfOrder },
      ]),
    );
  }

  /** Forgets what came of everybody. */
  forget(): void {
    this.#ledgers.clear();
    this.#stopped.clear();
  }

  #ledger(name: string): Ledger {
    let ledger = this.#ledgers.get(name);
    if (ledger === undefined) {
      ledger = new Ledger();
      this.#ledgers.set(name, ledger);
    }
    return ledger;
  }

  async #counted(who: string, wait: () => Promise<unknown>): Promise<void> {
    this.running++;
    await this.#waiters.run(`${who}, call ${this.#calls++}`, wait);
    this.running--;
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
