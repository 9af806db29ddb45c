import type { LinkEvent } from "roam/trace";
import { Column, lowerBound } from "./column.ts";

/** Bins of latencies for each doubling, and what the first begins at (ms). */
const BINS_PER_DOUBLING = 5;
const LEAST_MS = 0.001;
export const LATENCY_BINS = 160;

/** The bin of a latency: each is 15 % wide. */
export function latencyBin(ms: number): number {
  if (ms <= LEAST_MS) return 0;
  return Math.min(LATENCY_BINS - 1, Math.ceil(Math.log2(ms / LEAST_MS) * BINS_PER_DOUBLING));
}

/** The middle of a bin (ms). */
export function latencyOf(bin: number): number {
  return LEAST_MS * 2 ** ((bin - 0.5) / BINS_PER_DOUBLING);
}

/** A time at which a link was lost, found again, or the like. */
export interface LinkMark {
  readonly t: number;
  readonly session: number;
  readonly state: LinkEvent["state"];
  readonly number: number;
  readonly reason: string | undefined;
}

/** Whatever plots show: of one session, or of all. */
export class Activity {
  /** Times of messages, and of ends of calls, with their latencies by bin. */
  readonly messages = new Column(Float64Array);
  readonly calls = new Column(Float64Array);
  readonly latencies = new Column(Uint8Array);
  /** Of samples; the least credit where there were channels that send. */
  readonly samples = new Column(Float64Array);
  readonly creditTimes = new Column(Float64Array);
  readonly credits = new Column(Float32Array);
  readonly replayBytes = new Column(Float64Array);
  readonly roundTrips = new Column(Float64Array);
  readonly roundTripMs = new Column(Float32Array);
  readonly marks: LinkMark[] = [];
  /** When the session ended: nothing holds any more. */
  overMs = Number.POSITIVE_INFINITY;

  noteCall(t: number, ms: number): void {
    this.calls.push(t);
    this.latencies.push(latencyBin(ms));
  }

  noteSample(t: number, credit: number | undefined, replayBytes: number): void {
    this.samples.push(t);
    this.replayBytes.push(replayBytes);
    if (credit === undefined) return;
    this.creditTimes.push(t);
    this.credits.push(credit);
  }

  noteRoundTrip(t: number, ms: number): void {
    this.roundTrips.push(t);
    this.roundTripMs.push(ms);
  }

  dropBefore(number: number, t: number): void {
    dropOld(t, this.messages);
    dropOld(t, this.calls, this.latencies);
    dropOld(t, this.samples, this.replayBytes);
    dropOld(t, this.creditTimes, this.credits);
    dropOld(t, this.roundTrips, this.roundTripMs);
    const kept = this.marks.findIndex((mark) => mark.number >= number);
    this.marks.splice(0, kept === -1 ? this.marks.length : kept);
  }
}

type AnyColumn = { drop(count: number): void };

function dropOld(t: number, times: Column<Float64Array>, ...others: AnyColumn[]): void {
  const count = lowerBound(times.values, times.length, t);
  if (count > 0) for (const column of [times, ...others]) column.drop(count);
}
