import type { ClientOf } from "roam";
import { Ledger } from "../sim/ledger.ts";
import type { Waiters } from "./waiters.ts";
import {
  checkItem,
  LARGE_LANE,
  largeItem,
  SMALL_LANES,
  smallItem,
  type Works,
  type WorksItem,
} from "./works-service.ts";

/** How much has been done. */
export interface WorkDone {
  /** Calls answered, by lane. */
  readonly calls: readonly number[];
  readonly up: number;
  readonly down: number;
}

/** The calling side: calls, large ones too, and streams both ways until it is stopped or something fails. */
export class WorksClient {
  readonly #client: ClientOf<typeof Works>;
  readonly #number: number;
  readonly #waiters: Waiters;
  readonly #random: () => number;
  readonly #calls: number[] = new Array(SMALL_LANES + 1).fill(0);
  readonly #came = new Ledger();
  readonly #cancel = new AbortController();
  #sent = 0;
  #isStopping = false;
  #work: Promise<unknown> = Promise.resolve();

  /**
   * @param number tells clients of one server apart
   * @param random from 0 to 1
   */
  constructor(
    client: ClientOf<typeof Works>,
    parts: { readonly number: number; readonly waiters: Waiters; readonly random: () => number },
  ) {
    this.#client = client;
    this.#number = parts.number;
    this.#waiters = parts.waiters;
    this.#random = parts.random;
  }

  get done(): WorkDone {
    return { calls: [...this.#calls], up: this.#sent, down: this.#came.items };
  }

  start(): void {
    const waiters = this.#waiters;
    const lanes = Array.from({ length: SMALL_LANES }, (_, lane) =>
      waiters.run(`calls ${lane}`, () => this.#call(lane, (number) => smallItem(number, this.#random()))),
    );
    this.#work = Promise.all([
      ...lanes,
      waiters.run("large calls", () => this.#call(LARGE_LANE, largeItem)),
      waiters.run("items up", () => this.#sendUp()),
      waiters.run("items down", () => this.#takeDown()),
      waiters.run("a call that is not answered", () => this.#hold()),
    ]);
  }

  /** Resolves when all is over. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancel.abort();
    await this.#waiters.run("stop", () => this.#client.stop({ client: this.#number }));
    await this.#work;
  }

  async #call(lane: number, make: (number: number) => WorksItem): Promise<void> {
    for (let number = 0; !this.#isStopping; number++) {
      const answer = await this.#client.echo({ client: this.#number, lane, item: make(number) });
      if (answer.number !== number) throw new Error(`call ${number} was answered with ${answer.number}`);
      checkItem(answer);
      this.#calls[lane] = number + 1;
    }
  }

  async #sendUp(): Promise<void> {
    const call = this.#client.up({ client: this.#number });
    // Settles with the session too; whoever sends is told first.
    call.catch(() => {});
    while (!this.#isStopping) await call.items.send(smallItem(this.#sent++, this.#random()));
    await call.items.close();
    const came = await call;
    if (came !== this.#sent) throw new Error(`the server counts ${came} of ${this.#sent} items`);
  }

  async #takeDown(): Promise<void> {
    const call = this.#client.down({ client: this.#number });
    call.catch(() => {});
    for await (const item of call.items) {
      checkItem(item);
      this.#came.take(item.number);
    }
    const sent = await call;
    if (sent !== this.#came.items || !this.#came.isInOrder)
      throw new Error(`${this.#came.items} items came of ${sent}, ${this.#came.doubled} twice`);
  }

  async #hold(): Promise<void> {
    try {
      await this.#client.hold({ client: this.#number }, { signal: this.#cancel.signal });
    } catch (error) {
      if (!this.#isStopping) throw error;
    }
  }
}
