import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { within } from "../interop/case.ts";
import { RustPeer } from "../interop/rust-peer.ts";
import type { SoakJob, SoakNews, SoakOutcome, SoakStatus } from "./soak-job.ts";

const START_LIMIT_MS = 20_000;
/** Time for a process to end when all is said; the Rust peer waits 2 s for a link that does not come. */
const EXIT_LIMIT_MS = 15_000;

/** A process at one end of a stream. */
export interface SoakPeer {
  /** Where to dial the process that listens, as `host:port`. */
  address(): Promise<string>;
  /** The stream is over. */
  readonly outcome: Promise<SoakOutcome>;
  /** Items so far and what is waited for; undefined where nobody tells. */
  readonly status: SoakStatus | undefined;
  /** Resolves when it has exited by itself. @throws Error if it did not, or not with 0 */
  end(): Promise<void>;
  kill(): void;
}

/** A process of ours, from the bundle of `soak-process.ts`. */
export class OurPeer implements SoakPeer {
  readonly #child: ChildProcess;
  readonly #address: Promise<string>;
  readonly #exited: Promise<unknown>;
  readonly outcome: Promise<SoakOutcome>;
  status: SoakStatus | undefined;

  constructor(bundle: string, job: SoakJob) {
    const child = fork(bundle, [JSON.stringify(job)], { execArgv: [] });
    this.#child = child;
    this.#exited = once(child, "exit").then(([code, signal]) => code ?? signal);
    const died = this.#exited.then((status) => {
      throw new Error(`our ${job.sends ? "sender" : "receiver"} ended with ${status}`);
    });
    died.catch(() => {});
    const told = <K extends SoakNews["kind"]>(kind: K) =>
      new Promise<Extract<SoakNews, { kind: K }>>((resolve) => {
        child.on("message", (news: SoakNews) => {
          if (news.kind === kind) resolve(news as Extract<SoakNews, { kind: K }>);
        });
      });
    this.#address = Promise.race([told("listening").then(({ address }) => new URL(address).host), died]);
    this.outcome = Promise.race([told("done").then(({ outcome }) => outcome), died]);
    for (const promise of [this.#address, this.outcome]) promise.catch(() => {});
    child.on("message", (news: SoakNews) => {
      if (news.kind === "status") this.status = news.status;
    });
  }

  address(): Promise<string> {
    return within("our listening process", this.#address, START_LIMIT_MS);
  }

  async end(): Promise<void> {
    // One that dialled ends by itself, and may have done so.
    if (this.#child.connected) this.#child.send("end", () => {});
    const status = await within("the exit of our process", this.#exited, EXIT_LIMIT_MS);
    if (status !== 0) throw new Error(`our process ended with ${status}`);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** What the Rust peer says of a stream, in a line of standard error. */
interface RustLine {
  readonly soak: "send" | "receive";
  readonly ok: boolean;
  readonly error?: string;
  readonly items: number;
  readonly seconds: number;
  readonly peakRssBytes: number;
}

/** The published Rust crates at one end. They keep what waits for an ack to themselves. */
export class RustSoakPeer extends RustPeer implements SoakPeer {
  readonly status = undefined;
  readonly outcome: Promise<SoakOutcome>;
  #onLine: (line: RustLine) => void = () => {};

  constructor({ sends, address, count, itemBytes }: SoakJob) {
    const size = `${count * itemBytes}`;
    super(
      address === undefined
        ? ["listen", "--once", "--link", "tcp", "--addr", "127.0.0.1:0", "--conduit", "stable"]
        : [
            ...["dial", "--link", "tcp", "--addr", address, "--conduit", "stable"],
            ...[sends ? "--soak-send" : "--soak-receive", size, "--soak-item", `${itemBytes}`],
          ],
    );
    const told = new Promise<RustLine>((resolve) => {
      this.#onLine = resolve;
    });
    const died = this.exited(2 ** 31 - 1).then((status) => {
      throw new Error(`the Rust peer ended with ${status}: ${this.log.slice(-5).join(" | ")}`);
    });
    this.outcome = Promise.race([told.then(outcomeOf), died]);
    this.outcome.catch(() => {});
  }

  protected override onLog(line: string): void {
    if (line.startsWith('{"soak"')) this.#onLine(JSON.parse(line) as RustLine);
  }

  address(): Promise<string> {
    return this.listening();
  }

  async end(): Promise<void> {
    const status = await this.exited(EXIT_LIMIT_MS);
    if (status !== 0)
      throw new Error(`the Rust peer ended with ${status}: ${this.log.slice(-5).join(" | ")}`);
  }
}

// It stops at the first item that is not the next one, and so never counts one that comes twice.
function outcomeOf({ ok, error, items, seconds, peakRssBytes }: RustLine): SoakOutcome {
  if (!ok) throw new Error(`the Rust peer, after ${items} items: ${error ?? "no reason"}`);
  return { items, doubled: 0, outOfOrder: 0, damaged: 0, seconds, peakRssBytes, replayPeakBytes: undefined };
}
