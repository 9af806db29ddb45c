import type { ClientOf } from "roam";
import type { SeededRandom } from "roam/testing";
import { Ledger } from "../sim/ledger.ts";
import { type Chaos, checkItem, makeItem } from "./chaos-service.ts";

/** Calls under way at a time. */
const LANES = 4;

/** The calling side: calls and streams without pause until it is stopped. */
export class Traffic {
  readonly down = new Ledger();
  readonly #client: ClientOf<typeof Chaos>;
  readonly #random: SeededRandom;
  calls = 0;
  sentUp = 0;
  #isStopping = false;
  /** What is awaited at the end, by name. */
  readonly #open = new Set<string>();

  constructor(client: ClientOf<typeof Chaos>, random: SeededRandom) {
    this.#client = client;
    this.#random = random;
  }

  /** What has moved so far, by name. */
  get moved(): Readonly<Record<string, number>> {
    return { calls: this.calls, "items up": this.sentUp, "items down": this.down.items };
  }

  /** Who has not come to an end. */
  get waiting(): string {
    return [...this.#open].join(", ") || "nobody";
  }

  /**
   * Resolves when all is over, after `stop`.
   *
   * @throws Error for an answer that is not right
   */
  async run(): Promise<void> {
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      this.#named(`lane ${lane}`, () => this.#call(lane)),
    );
    const streams = [
      this.#named("items up", () => this.#sendUp()),
      this.#named("items down", () => this.#takeDown()),
    ];
    await Promise.all([...lanes, ...streams]);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#client.stop();
  }

  async #named(name: string, run: () => Promise<void>): Promise<void> {
    this.#open.add(name);
    await run();
    this.#open.delete(name);
  }

  async #call(lane: number): Promise<void> {
    for (let number = 0; !this.#isStopping; number++) {
      const item = makeItem(number, this.#random);
      const answer = await this.#client.echo({ lane, item });
      if (answer.number !== number || answer.body.length !== item.body.length) {
        throw new Error(`call ${number} of lane ${lane} was answered with item ${answer.number}`);
      }
      checkItem(answer);
      this.calls++;
    }
  }

  async #sendUp(): Promise<void> {
    const call = this.#client.up();
    while (!this.#isStopping) await call.items.send(makeItem(this.sentUp++, this.#random));
    await call.items.close();
    const came = await call;
    if (came !== this.sentUp) throw new Error(`the server counts ${came} of ${this.sentUp} items`);
  }

  async #takeDown(): Promise<void> {
    const call = this.#client.down();
    for await (const item of call.items) {
      checkItem(item);
      this.down.take(item.number);
    }
    const sent = await call;
    if (sent !== this.down.items) throw new Error(`${this.down.items} items came of ${sent}`);
  }
}
