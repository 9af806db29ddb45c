import { quantile } from "../chaos/quantile.ts";
import type { Offered } from "./client-process.ts";
import type { ServerUsage } from "./server-process.ts";

/** What came of all rounds at one level of load. */
export class Level {
  /** Of the capacity. */
  readonly factor: number;
  readonly #latenciesMs: number[] = [];
  readonly #pingsMs: number[] = [];
  readonly #failures = new Map<string, number>();
  #seconds = 0;
  #offered = 0;
  #inTime = 0;
  #cpuUs = 0;
  lost = 0;
  answered = 0;
  handled = 0;
  peakRssBytes = 0;

  constructor(factor: number) {
    this.factor = factor;
  }

  add(durationMs: number, clients: readonly Offered[], server: ServerUsage): void {
    this.#seconds += durationMs / 1000;
    this.#cpuUs += server.cpuUs;
    this.handled += server.handled;
    this.peakRssBytes = Math.max(this.peakRssBytes, server.peakRssBytes);
    for (const { offered, inTime, late, latenciesMs, pingsMs, failures, lost } of clients) {
      this.#offered += offered;
      this.#inTime += inTime;
      this.answered += inTime + late;
      this.lost += lost;
      for (const ms of latenciesMs) this.#latenciesMs.push(ms);
      for (const ms of pingsMs) this.#pingsMs.push(ms);
      for (const [code, count] of Object.entries(failures))
        this.#failures.set(code, (this.#failures.get(code) ?? 0) + count);
    }
  }

  get offeredPerSecond(): number {
    return this.#offered / this.#seconds;
  }

  get goodputPerSecond(): number {
    return this.#inTime / this.#seconds;
  }

  /** CPU time of the server for one call that was answered (µs). */
  get cpuUsPerAnswer(): number {
    return this.#cpuUs / this.answered;
  }

  latencyMs(share: number): number {
    return quantile(this.#latenciesMs, share);
  }

  pingMs(share: number): number {
    return quantile(this.#pingsMs, share);
  }

  failed(code: string): number {
    return this.#failures.get(code) ?? 0;
  }

  /** Codes of failures other than these. */
  otherFailures(...expected: readonly string[]): string[] {
    return [...this.#failures.keys()].filter((code) => !expected.includes(code));
  }
}
