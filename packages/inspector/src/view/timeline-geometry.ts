import { lowerBound } from "../store/column.ts";
import { ITEM } from "../store/event-kind.ts";
import type { InspectorState } from "./inspector-state.ts";
import type { Row } from "./rows.ts";

/** Width of the names at the left of plots and rows (CSS pixels). */
export const GUTTER = 176;
/** Height of the axis of times (CSS pixels). */
export const AXIS = 20;
export const LANES = 4;
export const LANE = 6;
/** How far from a call or an item a pointer may be to mean it (CSS pixels). */
const NEAR = 8;

const HEIGHTS: Readonly<Record<Row["kind"], number>> = {
  session: 22,
  connection: 0,
  calls: 8 + LANES * LANE,
  channels: 18,
  channel: 22,
};

export function heightOf(row: Row): number {
  return HEIGHTS[row.kind];
}

export function heightOfAll(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + heightOf(row), 0);
}

/** Calls of one method lie in lanes by their ids, so that they stay where they are. */
export function laneOf(id: number): number {
  return Math.floor(id / 2) % LANES;
}

/** Turns times into pixels of a canvas, and back. */
export class TimeScale {
  readonly fromMs: number;
  readonly perMs: number;
  readonly width: number;

  constructor({ fromMs, toMs }: Pick<InspectorState, "fromMs" | "toMs">, width: number) {
    this.fromMs = fromMs;
    this.width = Math.max(1, width);
    this.perMs = this.width / Math.max(toMs - fromMs, 1e-6);
  }

  x(t: number): number {
    return (t - this.fromMs) * this.perMs;
  }

  t(x: number): number {
    return this.fromMs + x / this.perMs;
  }
}

/** The row at a height, and where it begins. */
export function rowAt(
  rows: readonly Row[],
  y: number,
): { readonly row: Row; readonly top: number } | undefined {
  let top = 0;
  for (const row of rows) {
    const bottom = top + heightOf(row);
    if (y >= top && y < bottom) return { row, top };
    top = bottom;
  }
  return undefined;
}

/** The event at a place of a row: the call or the item that is nearest; -1 for none. */
export function eventAt(row: Row, scale: TimeScale, x: number, y: number): number {
  switch (row.kind) {
    case "calls":
      return callAt(row, scale, x, Math.floor((y - 4) / LANE));
    case "channel":
      return nearest(row.track.times.values, row.track.times.length, row.track.numbers.values, scale, x);
    case "session": {
      const { marks } = row.session.activity;
      const mark = marks.find(({ t }) => Math.abs(scale.x(t) - x) <= NEAR);
      return mark?.number ?? row.session.stalls.find((stall) => isWithin(stall, scale.t(x)))?.number ?? -1;
    }
    default:
      return -1;
  }
}

function isWithin({ beginMs, endMs }: { beginMs: number; endMs: number | undefined }, t: number): boolean {
  return beginMs <= t && (endMs === undefined || t <= endMs);
}

function callAt(
  { track }: Extract<Row, { kind: "calls" }>,
  scale: TimeScale,
  x: number,
  lane: number,
): number {
  const slack = NEAR / scale.perMs;
  const t = scale.t(x);
  let best = -1;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const index of track.longCalls(t - slack, t + slack, 0, 2_000)) {
    const { beginMs, endMs, id, number } = track.call(index);
    const outside = Math.max(0, beginMs - t, t - endMs) * scale.perMs;
    const distance = outside + (laneOf(id) === lane ? 0 : 20);
    if (distance >= bestDistance) continue;
    best = number;
    bestDistance = distance;
  }
  for (const call of track.open.values()) {
    if (call.beginMs > t + slack || laneOf(call.id) !== lane) continue;
    if (bestDistance > 0) best = call.number;
  }
  return best;
}

function nearest(
  times: Float64Array,
  length: number,
  numbers: Uint32Array,
  scale: TimeScale,
  x: number,
): number {
  const t = scale.t(x);
  const after = lowerBound(times, length, t);
  let best = -1;
  let bestDistance = NEAR;
  for (const index of [after - 1, after]) {
    if (index < 0 || index >= length) continue;
    const distance = Math.abs(scale.x(times[index] as number) - x);
    if (distance > bestDistance) continue;
    best = numbers[index] as number;
    bestDistance = distance;
  }
  return best;
}

/** The next call or item of a row behind an event, or before it; -1 where there is none. */
export function neighbour(row: Row, number: number, isForward: boolean): number {
  if (row.kind !== "calls" && row.kind !== "channel") return -1;
  const { values, length } = row.track.numbers;
  let index = lowerBound(values, length, isForward ? number + 1 : number) - (isForward ? 0 : 1);
  if (row.kind === "channel") {
    while (index >= 0 && index < length && row.track.tags.at(index) !== ITEM) index += isForward ? 1 : -1;
  }
  return index >= 0 && index < length ? (values[index] as number) : -1;
}
