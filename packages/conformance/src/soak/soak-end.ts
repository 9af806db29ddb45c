import { readFileSync } from "node:fs";
import { type ClientOf, connect, type Server, type Session, serve, type Tx } from "roam";
import type { SoakJob, SoakOutcome, SoakStatus } from "./soak-job.ts";
import { ItemChecker, ItemMaker, Soak } from "./soak-service.ts";

/** What a receiver of ours would take ahead, in replay buffers of the sender. */
const CREDIT_OF_BUDGETS = 8;

/** One end of a stream, calling or called, on a stable conduit. */
export class SoakEnd {
  readonly #job: SoakJob;
  #session: Session | undefined;
  #items = 0;
  #replayPeakBytes = 0;
  #checker: ItemChecker | undefined;

  constructor(job: SoakJob) {
    this.#job = job;
  }

  get status(): SoakStatus {
    return { items: this.#items, state: this.#session?.state, replay: this.#session?.replay };
  }

  /** Makes the call that starts the stream, and ends the session. */
  async call(address: string): Promise<SoakOutcome> {
    const client = await connect(address, Soak, this.#options);
    this.#session = client.$.session;
    const startMs = performance.now();
    await (this.#job.sends ? this.#push(client) : this.#pull(client));
    const outcome = this.#outcome(startMs);
    await client.$.close();
    return outcome;
  }

  /**
   * Waits to be called.
   *
   * @param onDone the stream is over, one way or the other
   */
  async serve(onDone: (outcome: SoakOutcome) => void): Promise<Server> {
    const timed = async (stream: () => Promise<void>) => {
      const startMs = performance.now();
      try {
        await stream();
      } finally {
        onDone(this.#outcome(startMs));
      }
    };
    return serve(
      "tcp://127.0.0.1:0",
      Soak,
      {
        push: async ({ items }) => {
          await timed(() => this.#receive(items));
          return this.#checker?.ledger.items ?? 0;
        },
        pull: ({ count, bytes, out }) => timed(() => this.#send(out, count, bytes)),
      },
      {
        ...this.#options,
        onSession: (session) => {
          this.#session = session;
        },
      },
    );
  }

  // Credit far ahead of the reader: what holds the sender up is to be its replay buffer.
  get #options() {
    const maxReplayBytes = this.#job.budgetBytes;
    const maxChannelBufferBytes = CREDIT_OF_BUDGETS * maxReplayBytes;
    return {
      conduit: "stable",
      limits: { maxReplayBytes, maxChannelBufferBytes, maxSessionBufferBytes: maxChannelBufferBytes },
    } as const;
  }

  async #push(client: ClientOf<typeof Soak>): Promise<void> {
    const { count, itemBytes } = this.#job;
    const call = client.push();
    await this.#send(call.items, count, itemBytes);
    await call.items.close();
    const arrived = await call;
    if (arrived !== count) throw new Error(`the receiver says that ${arrived} of ${count} items came`);
  }

  async #pull(client: ClientOf<typeof Soak>): Promise<void> {
    const { count, itemBytes } = this.#job;
    const call = client.pull({ count, bytes: itemBytes });
    await this.#receive(call.out, itemBytes);
    await call;
  }

  async #send(out: Pick<Tx<Uint8Array>, "send">, count: number, itemBytes: number): Promise<void> {
    const maker = new ItemMaker(itemBytes);
    for (; this.#items < count; this.#items++) {
      await out.send(maker.next());
      // Acks come with later turns of the event loop, so nothing is missed here.
      this.#replayPeakBytes = Math.max(this.#replayPeakBytes, this.#session?.replay?.bytes ?? 0);
    }
  }

  async #receive(items: AsyncIterable<Uint8Array>, itemBytes?: number): Promise<void> {
    const checker = new ItemChecker(itemBytes);
    this.#checker = checker;
    for await (const item of items) {
      checker.take(item);
      this.#items++;
    }
  }

  #outcome(startMs: number): SoakOutcome {
    const ledger = this.#checker?.ledger;
    return {
      items: ledger?.items ?? this.#items,
      doubled: ledger?.doubled ?? 0,
      outOfOrder: ledger?.outOfOrder ?? 0,
      damaged: this.#checker?.damaged ?? 0,
      seconds: (performance.now() - startMs) / 1000,
      peakRssBytes: peakRssBytes(),
      replayPeakBytes: this.#job.sends ? this.#replayPeakBytes : undefined,
    };
  }
}

/** @throws Error where there is no /proc: a process's own counters include those of who started it */
function peakRssBytes(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (kib === undefined) throw new Error("/proc/self/status tells no peak");
  return Number(kib) * 1024;
}
