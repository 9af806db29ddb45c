import { type Activity, LATENCY_BINS, latencyOf } from "../store/activity.ts";
import { type Column, lowerBound } from "../store/column.ts";

const BUCKETS = 240;
const MOST_KEPT = 4_096;

/** One value for each bucket; null where there is none. */
export type Values = (number | null)[];

/** What plots show of a stretch of time. */
export interface Series {
  /** The middle of each bucket (ms), and how long one is. */
  readonly times: number[];
  readonly widthMs: number;
  /** Per second. */
  readonly calls: Values;
  readonly messages: Values;
  /** Latencies of calls that ended (ms). */
  readonly half: Values;
  readonly most: Values;
  /** The least among the channels that send. */
  readonly credit: Values;
  /** The most. */
  readonly replayBytes: Values;
  readonly roundTripMs: Values;
}

type Bucket = readonly (number | null)[];

/**
 * Turns an activity into buckets. They lie on a grid, and those of the past are kept: who moves along
 * pays for what comes into sight only.
 */
export class SeriesReader {
  #activity: Activity | undefined;
  #widthMs = 0;
  #kept = new Map<number, Bucket>();
  readonly #bins = new Uint32Array(LATENCY_BINS);

  /**
   * @param activity what is added up
   * @param sessions of which the worst is told, where nothing can be added up
   * @param lastMs time of the last event: what lies behind it is not known yet
   */
  read(
    activity: Activity,
    sessions: readonly Activity[],
    fromMs: number,
    toMs: number,
    lastMs: number,
  ): Series {
    const widthMs = gridOf((toMs - fromMs) / BUCKETS);
    if (activity !== this.#activity || widthMs !== this.#widthMs || this.#kept.size > MOST_KEPT) {
      this.#kept.clear();
      this.#activity = activity;
      this.#widthMs = widthMs;
    }
    const first = Math.floor(fromMs / widthMs);
    const last = Math.min(Math.ceil(toMs / widthMs), Math.ceil(lastMs / widthMs));
    const columns: Values[] = [[], [], [], [], [], [], []];
    const times: number[] = [];
    for (let index = first; index < last; index++) {
      times.push((index + 0.5) * widthMs);
      const bucket = this.#bucket(activity, sessions, index, lastMs);
      for (const [at, value] of bucket.entries()) columns[at]?.push(value);
    }
    const [calls = [], messages = [], half = [], most = [], credit = [], replayBytes = [], roundTripMs = []] =
      columns;
    return { times, widthMs, calls, messages, half, most, credit, replayBytes, roundTripMs };
  }

  /** Forgets what it knows: events were dropped. */
  clear(): void {
    this.#kept.clear();
  }

  #bucket(activity: Activity, sessions: readonly Activity[], index: number, lastMs: number): Bucket {
    const known = this.#kept.get(index);
    if (known !== undefined) return known;
    const fromMs = index * this.#widthMs;
    const toMs = fromMs + this.#widthMs;
    const seconds = (Math.min(toMs, Math.max(lastMs, fromMs + this.#widthMs / 2)) - fromMs) / 1_000;
    const [firstCall, endCall] = between(activity.calls, fromMs, toMs);
    const [firstMessage, endMessage] = between(activity.messages, fromMs, toMs);
    const [half, most] = this.#latencies(activity, firstCall, endCall);
    const bucket = [
      (endCall - firstCall) / seconds,
      (endMessage - firstMessage) / seconds,
      half,
      most,
      worstOf(sessions, Math.min, (one) => gauge(one, one.creditTimes, one.credits, fromMs, toMs, Math.min)),
      worstOf(sessions, Math.max, (one) => gauge(one, one.samples, one.replayBytes, fromMs, toMs, Math.max)),
      worstOf(sessions, Math.max, (one) =>
        gauge(one, one.roundTrips, one.roundTripMs, fromMs, toMs, Math.max),
      ),
    ];
    if (toMs <= lastMs) this.#kept.set(index, bucket);
    return bucket;
  }

  #latencies({ latencies }: Activity, first: number, end: number): [number | null, number | null] {
    if (end === first) return [null, null];
    const bins = this.#bins.fill(0);
    const { values } = latencies;
    for (let i = first; i < end; i++) bins[values[i] as number] = (bins[values[i] as number] as number) + 1;
    return [quantile(bins, (end - first) * 0.5), quantile(bins, (end - first) * 0.99)];
  }
}

function quantile(bins: Uint32Array, rank: number): number {
  let seen = 0;
  for (let bin = 0; bin < bins.length; bin++) {
    seen += bins[bin] as number;
    if (seen >= rank) return latencyOf(bin);
  }
  return latencyOf(bins.length - 1);
}

function between(times: Column<Float64Array>, fromMs: number, toMs: number): [number, number] {
  const first = lowerBound(times.values, times.length, fromMs);
  return [first, lowerBound(times.values, times.length, toMs, first)];
}

type Worse = (a: number, b: number) => number;

function worstOf(
  sessions: readonly Activity[],
  worse: Worse,
  of: (session: Activity) => number | null,
): number | null {
  let worst: number | null = null;
  for (const session of sessions) {
    const value = of(session);
    if (value !== null) worst = worst === null ? value : worse(worst, value);
  }
  return worst;
}

/** Of what was told within the bucket the worst; else what was told last. */
function gauge(
  { overMs }: Activity,
  times: Column<Float64Array>,
  values: Column<Float32Array> | Column<Float64Array>,
  fromMs: number,
  toMs: number,
  worse: Worse,
): number | null {
  if (fromMs > overMs) return null;
  const [first, end] = between(times, fromMs, toMs);
  if (end === 0) return null;
  let worst = values.at(first < end ? first : end - 1);
  for (let i = first + 1; i < end; i++) worst = worse(worst, values.at(i));
  return worst;
}

/** 1, 2 or 5 times a power of ten: at least so much. */
export function gridOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-6)));
  for (const step of [1, 2, 5, 10]) if (step * power >= least) return step * power;
  return 10 * power;
}
