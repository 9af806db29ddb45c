import { type Client, type ConduitState, connect, type LinkSource } from "roam";
import type { Link } from "roam/link";
import { dialTcp } from "roam/tcp";
import { decodeServerHello } from "../../../roam/src/conduit/stable/hello.ts";
import { within } from "../interop/case.ts";
import { Ledger } from "../sim/ledger.ts";
import { Desk, PACE_MS, pause } from "./desk.ts";
import type { Target } from "./target.ts";

/** Longest time for the streams to end (ms). */
const END_LIMIT_MS = 20_000;

/** What the victim's streams came to. */
export interface VictimReport {
  readonly down: number;
  readonly up: number;
  readonly calls: number;
  /** What is not as it should be; empty if nobody did any harm. */
  readonly harm: readonly string[];
}

/** A client as any other, with a stream each way and calls beside them while others attack. */
export class Victim {
  readonly #target: Target;
  readonly #client: Client<(typeof Desk)["methods"]>;
  readonly #tap: KeyTap;
  readonly #states: ConduitState[] = [];
  readonly #down = new Ledger();
  readonly #running: Promise<{ readonly sentDown: number; readonly takenUp: number }>;
  #isStopped = false;
  #sentUp = 0;
  #calls = 0;
  slowestCallMs = 0;

  private constructor(target: Target, client: Client<(typeof Desk)["methods"]>, tap: KeyTap) {
    this.#target = target;
    this.#client = client;
    this.#tap = tap;
    client.$.session.watch((state) => this.#states.push(state));
    this.#running = Promise.all([this.#receive(), this.#send(), this.#call()]).then(
      ([sentDown, takenUp]) => ({ sentDown, takenUp }),
    );
    this.#running.catch(() => {});
  }

  static async start(target: Target): Promise<Victim> {
    const tap = new KeyTap(target.port);
    return new Victim(target, await connect(tap, Desk), tap);
  }

  /** The key that would resume its session. */
  get key(): Uint8Array {
    if (this.#tap.key === undefined) throw new TypeError("not connected yet");
    return this.#tap.key;
  }

  /** What it has of the server's frames, and what the server was told of. */
  get numbers(): { readonly received: number; readonly sent: number } {
    const { received = 0, sent = 0 } = this.#client.$.session.replay ?? {};
    return { received, sent };
  }

  /** Something happened to its link. */
  get isDisturbed(): boolean {
    return this.#states.length > 0;
  }

  async #receive(): Promise<number> {
    const call = this.#client.down();
    for await (const item of call.items) this.#down.take(item);
    return call;
  }

  async #send(): Promise<number> {
    const items = async function* (this: Victim) {
      for (; !this.#isStopped; await pause(PACE_MS)) yield this.#sentUp++;
    };
    return this.#client.up({ items: items.call(this) });
  }

  async #call(): Promise<void> {
    for (; !this.#isStopped; await pause(10 * PACE_MS)) {
      const startMs = performance.now();
      await this.#client.mark({ owner: VICTIM, number: this.#calls++ });
      this.slowestCallMs = Math.max(this.slowestCallMs, performance.now() - startMs);
    }
  }

  /** Ends the streams and counts. */
  async stop(): Promise<VictimReport> {
    this.#isStopped = true;
    this.#target.log.stop();
    const harm = this.#states.map((state) => `its link: ${JSON.stringify(state)}`);
    try {
      const { sentDown, takenUp } = await within(
        "the end of the victim's streams",
        this.#running,
        END_LIMIT_MS,
      );
      if (!this.#down.isInOrder || this.#down.lost(sentDown) !== 0)
        harm.push(
          `down: ${this.#down.items} of ${sentDown}, ${this.#down.doubled} doubled, ${this.#down.outOfOrder} out of order`,
        );
      if (takenUp !== this.#sentUp) harm.push(`up: ${takenUp} of ${this.#sentUp} in order`);
      const marks = this.#target.log.of(VICTIM);
      if (!marks.isInOrder || marks.items !== this.#calls)
        harm.push(`calls: ${marks.items} of ${this.#calls}`);
    } catch (error) {
      harm.push(String(error));
    }
    await this.#client.$.session.close();
    return { down: this.#down.items, up: this.#sentUp, calls: this.#calls, harm };
  }
}

/** The owner's number that is the victim's. */
const VICTIM = 0xffff_ffff;

/** Dials, and reads the key in the ServerHello on its way. */
class KeyTap implements LinkSource {
  readonly #port: number;
  key: Uint8Array | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async next(options: { readonly signal: AbortSignal }): Promise<Link> {
    const link = await dialTcp({ host: "127.0.0.1", port: this.#port }, options);
    let isFirst = true;
    const { rx } = link;
    return {
      tx: link.tx,
      peer: link.peer,
      destroy: (cause) => link.destroy(cause),
      rx: {
        get maxPayloadBytes() {
          return rx.maxPayloadBytes;
        },
        set maxPayloadBytes(bytes) {
          rx.maxPayloadBytes = bytes;
        },
        pause: () => rx.pause(),
        resume: () => rx.resume(),
        start: (onPayload, onEnd) =>
          rx.start((payload) => {
            if (isFirst) this.key = decodeServerHello(payload.whole()).resumeKey;
            isFirst = false;
            onPayload(payload);
          }, onEnd),
      },
    };
  }
}
