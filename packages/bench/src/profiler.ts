import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

/** What a profile is of: where the time goes, or who allocates. */
export type ProfileKind = "cpu" | "heap";

/** Time between two samples (µs). */
const INTERVAL_US = 200;
/** Allocation between two samples, on average (bytes). */
const INTERVAL_BYTES = 4096;
/** Short-lived objects count: they are what a hot path allocates. */
const HEAP_OPTIONS = {
  samplingInterval: INTERVAL_BYTES,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
};

/** Profiles of this process, each between two points in time, in the formats that DevTools reads. */
export class Profiler {
  readonly #session = new Session();
  #kind: ProfileKind = "cpu";

  async start(kind: ProfileKind): Promise<void> {
    this.#kind = kind;
    this.#session.connect();
    if (kind === "heap") return this.#session.post("HeapProfiler.startSampling", HEAP_OPTIONS);
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });
    await this.#session.post("Profiler.start");
  }

  /** Writes the profile to `path`. */
  async stop(path: string): Promise<void> {
    const { profile } =
      this.#kind === "heap"
        ? await this.#session.post("HeapProfiler.stopSampling")
        : await this.#session.post("Profiler.stop");
    this.#session.disconnect();
    writeFileSync(path, JSON.stringify(profile));
  }
}
