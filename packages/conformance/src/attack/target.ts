import { randomBytes } from "node:crypto";
import {
  implement,
  RoamError,
  type ServeOptions,
  type Server,
  type Session,
  serve,
  serveHandler,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { VirtualClock } from "roam/testing";
import { Desk, DeskLog } from "./desk.ts";
import { RawLink, RawSocket } from "./raw-link.ts";

/** Length of a resume key (bytes). */
const KEY_BYTES = 16;

/** A server under attack. */
export class Target<L extends RawLink = RawLink> {
  readonly log = new DeskLog();
  /** Keys that it gave out since a case emptied this. */
  readonly issued: Uint8Array[] = [];
  /** The session that was set up last. */
  latest: Session | undefined;
  /** Failures that are no consequence of a session's end: faults of the server. */
  readonly faults: string[] = [];
  #server: Server | undefined;
  #dial: () => Promise<L> = () => Promise.reject(new Error("not started"));

  protected constructor() {}

  /** On a real socket. */
  static async tcp(options: ServeOptions = {}): Promise<Target<RawSocket>> {
    const target = new Target<RawSocket>();
    const server = await serve("tcp://127.0.0.1:0", Desk, target.log.handlers, target.#options(options));
    target.#server = server;
    target.#dial = () => RawSocket.dial(target.port);
    return target;
  }

  dial(): Promise<L> {
    return this.#dial();
  }

  get address(): string {
    return this.#started.address;
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  get sessions(): ReadonlySet<Session> {
    return this.#started.sessions;
  }

  close(): Promise<void> {
    return this.#started.close();
  }

  get #started(): Server {
    if (this.#server === undefined) throw new TypeError("the server was not started");
    return this.#server;
  }

  protected async listen(listen: Parameters<typeof serveHandler>[0], options: ServeOptions): Promise<void> {
    this.#server = await serveHandler(listen, implement(Desk, this.log.handlers), this.#options(options));
  }

  protected dialBy(dial: () => Promise<L>): void {
    this.#dial = dial;
  }

  #options(options: ServeOptions): ServeOptions {
    return {
      ...options,
      // What stops attackers here is to be what comes behind this.
      limits: { maxHandshakes: 16_384, ...options.limits },
      randomBytes: (length) => {
        const bytes = new Uint8Array(randomBytes(length));
        if (length === KEY_BYTES) this.issued.push(bytes);
        return bytes;
      },
      onSession: (session) => {
        this.latest = session;
      },
      logger: { warn() {}, error: ({ err }) => this.#note(err) },
    };
  }

  #note(error: unknown): void {
    if (!(error instanceof RoamError)) this.faults.push(String(error));
  }
}

/** The same on memory links and a clock of the case's own. */
export class VirtualTarget extends Target {
  readonly clock = new VirtualClock();
  #onLink: (link: Link) => void = () => {};

  static async start(options: ServeOptions = {}): Promise<VirtualTarget> {
    const target = new VirtualTarget();
    const listen = async (onLink: (link: Link) => void) => {
      target.#onLink = onLink;
      return { address: "memory:", close: async () => {} };
    };
    await target.listen(listen, { clock: target.clock, ...options });
    target.dialBy(async () => target.arrive());
    return target;
  }

  /** @param wrap what the server gets instead of its end */
  arrive(wrap = (link: Link) => link): RawLink {
    const [here, there] = memoryLinkPair();
    this.#onLink(wrap(here));
    return RawLink.on(there);
  }
}
