import { type ClientOf, connect } from "roam";
import { pause } from "../attack/desk.ts";
import { eventually } from "../hostile/raw-peer.ts";
import { Difference } from "../vectors/tally.ts";
import { Works } from "./works-service.ts";

const PACE_MS = 5;
/** How long one of its calls may take (ms): a limit for what hangs, not a measure. */
const LIMIT_MS = 5_000;
/** Not the number of any other client. */
const NUMBER = 2 ** 32 - 1;

const quiet = { warn: () => {}, error: () => {} };

/** A client that nothing happens to: it calls all the while, and is to be served all the while. */
export class Neighbour implements AsyncDisposable {
  readonly #client: ClientOf<typeof Works>;
  #number = 0;
  #isLeaving = false;
  readonly #calls: Promise<void>;
  #failure: unknown;

  private constructor(client: ClientOf<typeof Works>) {
    this.#client = client;
    this.#calls = this.#callAll();
  }

  static async connect(address: string): Promise<Neighbour> {
    return new Neighbour(await connect(address, Works, { conduit: "bare", logger: quiet }));
  }

  /** Resolves when it was served once more. @throws Difference if it was not */
  async check(): Promise<void> {
    const before = this.#number;
    const isServed = () => this.#failure !== undefined || this.#number > before;
    await eventually("a call of the neighbour", isServed, LIMIT_MS);
    if (this.#failure !== undefined) throw new Difference(`the neighbour: ${this.#failure}`);
  }

  async #callAll(): Promise<void> {
    try {
      for (; !this.#isLeaving; this.#number++) {
        const item = { number: this.#number, body: new Uint8Array(100).fill(this.#number) };
        await this.#client.echo({ client: NUMBER, lane: 0, item }, { timeoutMs: LIMIT_MS });
        await pause(PACE_MS);
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true;
    await this.#calls;
    await this.#client.$.session.close();
  }
}

/** Somebody new: connects, calls once and leaves. */
export async function visit(address: string): Promise<void> {
  const client = await connect(address, Works, { logger: quiet, reconnect: { totalMs: 0 } });
  await client.echo({ client: 0, lane: 0, item: { number: 0, body: new Uint8Array(100) } });
  await client.$.session.close();
}
