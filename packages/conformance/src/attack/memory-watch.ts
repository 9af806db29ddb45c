import { pause } from "./desk.ts";

const SAMPLE_MS = 50;
const MIB = 1024 * 1024;

interface Sample {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** What the process uses: server, victim and attackers together. */
export class MemoryWatch {
  readonly #start = sample();
  #peak = this.#start;
  readonly #timer = setInterval(() => this.#look(), SAMPLE_MS);

  #look(): void {
    const { heapBytes, rssBytes } = sample();
    this.#peak = {
      heapBytes: Math.max(this.#peak.heapBytes, heapBytes),
      rssBytes: Math.max(this.#peak.rssBytes, rssBytes),
    };
  }

  /** What is left when all garbage is gone. */
  async stop(): Promise<{ readonly line: string; readonly leftBytes: number; readonly peakBytes: number }> {
    clearInterval(this.#timer);
    this.#look();
    await settle();
    const end = sample();
    const shown = (pick: (of: Sample) => number) =>
      [this.#start, this.#peak, end].map((of) => (pick(of) / MIB).toFixed(0)).join(" / ");
    return {
      line: `heap ${shown((of) => of.heapBytes)} MiB, resident ${shown((of) => of.rssBytes)} MiB (start / peak / end)`,
      leftBytes: end.heapBytes - this.#start.heapBytes,
      peakBytes: this.#peak.rssBytes - this.#start.rssBytes,
    };
  }
}

function sample(): Sample {
  const { heapUsed, rss, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

/** Sockets are closed over some turns; then garbage is collected, if the process may be told to. */
async function settle(): Promise<void> {
  // What buffers held is given back in a second round.
  for (let round = 0; round < 2; round++) {
    await pause(2 * SAMPLE_MS);
    globalThis.gc?.();
  }
}
