import { type ClientOf, type ConduitState, connect, type Session } from "roam";
import { Monitor } from "../monitor.ts";
import { Testbed } from "../testbed.ts";

/** One session: Testbed on its root, Monitor on a virtual connection. */
export interface Services {
  readonly testbed: ClientOf<typeof Testbed>;
  readonly monitor: ClientOf<typeof Monitor>;
}

export type UplinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly services: Services }
  | { readonly kind: "lost"; readonly retryMs: number };

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;
/** A server that vanished without a word is noticed after both together (ms). */
const KEEPALIVE = { intervalMs: 5000, timeoutMs: 5000 };
/** A lost link is looked for this often and this long; then a new session is begun (ms). */
const RECONNECT = { capMs: 1000, totalMs: 20_000 };

/** Keeps a session with the server: dials, and dials again whenever it is lost. */
export class Uplink {
  readonly #url: string;
  readonly #onState: (state: UplinkState) => void;
  readonly #onLink: (state: ConduitState) => void;
  #services: Services | undefined;
  #endPause: () => void = () => {};

  /** @param onLink told of the links of whatever session there is */
  constructor(url: string, onState: (state: UplinkState) => void, onLink: (state: ConduitState) => void) {
    this.#url = url;
    this.#onState = onState;
    this.#onLink = onLink;
    void this.#keep();
  }

  /** @throws Error while there is no session */
  get services(): Services {
    if (this.#services === undefined) throw new Error("not connected");
    return this.#services;
  }

  /** What the session keeps for replay; undefined while there is none. */
  get replay(): Session["replay"] {
    return this.#services?.testbed.$.session.replay;
  }

  /** Dials at once instead of waiting for the next try. */
  redial(): void {
    this.#endPause();
  }

  async #keep(): Promise<never> {
    let retryMs = FIRST_RETRY_MS;
    for (;;) {
      this.#onState({ kind: "connecting" });
      try {
        const testbed = await connect(this.#url, Testbed, {
          keepalive: KEEPALIVE,
          reconnect: RECONNECT,
          onState: this.#onLink,
        });
        this.#services = { testbed, monitor: await testbed.$.open(Monitor) };
        retryMs = FIRST_RETRY_MS;
        this.#onState({ kind: "connected", services: this.#services });
        await testbed.$.session.ended;
      } catch {
        // Not there, or not yet: what matters is when it is tried again.
      }
      this.#services = undefined;
      this.#onState({ kind: "lost", retryMs });
      await this.#pause(retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
