import { RoamError } from "roam";

/** An error as whoever waited was given it. */
export interface SeenError {
  /** Empty where it is none of the library's. */
  readonly code: string;
  readonly text: string;
  /** Codes (of the system, too) and names of what it was caused by, the nearest first. */
  readonly causes: readonly string[];
}

/** What somebody who waited got in the end. */
export interface Settled {
  readonly who: string;
  /** Undefined for what ended as it should. */
  readonly error: SeenError | undefined;
  /** By `machineMs`. */
  readonly atMs: number;
}

/** Those of one process who wait for its counterpart, and what came of them. */
export class Waiters {
  readonly #waiting = new Set<string>();
  #settled: Settled[] = [];

  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  /** Since this was asked last. */
  takeSettled(): readonly Settled[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }

  async run(who: string, wait: () => Promise<unknown>): Promise<void> {
    this.#waiting.add(who);
    let error: SeenError | undefined;
    try {
      await wait();
    } catch (thrown) {
      error = seenError(thrown);
    }
    this.#waiting.delete(who);
    this.#settled.push({ who, error, atMs: machineMs() });
  }
}

export function seenError(thrown: unknown): SeenError {
  const causes: string[] = [];
  let cause = (thrown as Error | undefined)?.cause;
  for (; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    const { code, name } = cause as NodeJS.ErrnoException;
    causes.push(code ?? name);
  }
  return { code: thrown instanceof RoamError ? thrown.code : "", text: String(thrown), causes };
}

/** A clock that all processes of the machine share and nobody sets (ms). */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
