import type { CallTrack } from "../store/call-track.ts";
import type { ChannelTrack } from "../store/channel-track.ts";
import { lowerBound } from "../store/column.ts";
import { FIRST_TROUBLE, OUTCOMES } from "../store/event-kind.ts";
import type { SessionNode, Stall } from "../store/session-node.ts";
import type { Palette } from "./palette.ts";
import { LANE, laneOf, type TimeScale } from "./timeline-geometry.ts";

/** Where a row is drawn. */
export interface Place {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly scale: TimeScale;
  readonly top: number;
  readonly height: number;
  /** Time of the last event: what has not ended lasts until then. */
  readonly lastMs: number;
  /** The event whose details are shown. */
  readonly selected: number;
}

/** Bars are drawn one by one when they are so wide, and so many at most; else how many they are. */
const LEAST_BAR = 2;
const MOST_BARS = 1_500;
const MOST_OPEN = 400;

/** The state of the session's link, with its cuts and resumes, and stalls of the session as a whole. */
export function drawSession(place: Place, session: SessionNode): void {
  const { context, palette, scale, top, height, lastMs } = place;
  const middle = top + height / 2;
  const band = (fromMs: number, toMs: number, isUp: boolean) => {
    const from = Math.max(0, scale.x(fromMs));
    const width = Math.min(scale.width, scale.x(toMs)) - from;
    if (width <= 0) return;
    if (!isUp) return hatch(place, from, width, palette.bad, 10);
    context.fillStyle = palette.good;
    context.fillRect(from, middle - 1.5, Math.max(1, width), 3);
  };
  let since = session.firstMs;
  let isUp = true;
  for (const { t, state } of session.activity.marks) {
    band(since, t, isUp);
    since = t;
    isUp = state === "connected" || state === "resumed" || state === "exhausting";
  }
  const endMs = session.end?.t ?? lastMs;
  if (session.end === undefined || since < endMs) band(since, endMs, isUp);
  for (const { t, state } of session.activity.marks) {
    const x = scale.x(t);
    if (x < -6 || x > scale.width + 6 || state === "connected" || state === "connecting") continue;
    const isBack = state === "resumed";
    triangle(context, x, middle, isBack ? -5 : 5, isBack ? palette.good : palette.bad);
  }
  for (const stall of session.stalls) if (stall.event.what === "session") drawStall(place, stall);
}

/** Calls of one method: bars where there is room for them, how many where there is not. */
export function drawCalls(place: Place, track: CallTrack, stalls: readonly Stall[]): void {
  const { context, palette, scale, top, lastMs } = place;
  const toMs = scale.t(scale.width);
  drawDensity(place, track.ends.values, track.ends.length, (from, to) => track.troubledBetween(from, to) > 0);
  for (const stall of stalls) {
    if (stall.event.what === "call" && stall.event.method === track.method) drawStall(place, stall);
  }
  for (const index of track.longCalls(scale.fromMs, toMs, LEAST_BAR / scale.perMs, MOST_BARS)) {
    const { id, beginMs, endMs, outcome, number } = track.call(index);
    const from = Math.max(-4, scale.x(beginMs));
    const width = Math.max(1, Math.min(scale.width + 4, scale.x(endMs)) - from);
    const y = top + 4 + laneOf(id) * LANE;
    drawBar(context, from, y, width, outcome, palette);
    if (number !== place.selected) continue;
    context.strokeStyle = palette.text;
    context.lineWidth = 1.5;
    context.strokeRect(from - 1, y - 1.5, width + 2, LANE + 1);
  }
  let left = MOST_OPEN;
  for (const { id, beginMs } of track.open.values()) {
    if (beginMs > toMs || left-- === 0) continue;
    const from = Math.max(-4, scale.x(beginMs));
    const width = Math.min(scale.width, scale.x(lastMs)) - from;
    if (width < 1) continue;
    context.globalAlpha = 0.45;
    context.fillStyle = palette.call;
    context.fillRect(from, top + 5 + laneOf(id) * LANE, width, LANE - 3);
    context.globalAlpha = 1;
  }
}

// Outcomes have shapes as well as colours: a full bar, one with a notch, an outline, one with a cross.
function drawBar(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  outcome: number,
  palette: Palette,
): void {
  const height = LANE - 1;
  const kind = OUTCOMES[outcome];
  if (kind === "cancelled") {
    context.strokeStyle = palette.muted;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
    return;
  }
  const colour = outcome < FIRST_TROUBLE ? palette.call : kind === "error" ? palette.warn : palette.bad;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  if (outcome < FIRST_TROUBLE || width < 5) return;
  const end = x + width;
  context.beginPath();
  if (kind === "error") {
    context.moveTo(end, y - 1);
    context.lineTo(end + 5, y + height / 2);
    context.lineTo(end, y + height + 1);
    context.fill();
    return;
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.moveTo(end + 1, y);
  context.lineTo(end + 5, y + height);
  context.moveTo(end + 5, y);
  context.lineTo(end + 1, y + height);
  context.stroke();
}

/** Items as ticks, what ends a channel as a bar. */
export function drawChannel(place: Place, track: ChannelTrack, stalls: readonly Stall[]): void {
  const { context, palette, scale, top, height } = place;
  drawDensity(place, track.times.values, track.times.length, undefined);
  for (const stall of stalls) {
    const { what, id } = stall.event;
    if (what === "channel" && Number(id) === track.id) drawStall(place, stall);
  }
  if (!track.isOver) return;
  const x = scale.x(track.times.last);
  if (x < 0 || x > scale.width) return;
  context.fillStyle = track.tags.last === 3 ? palette.bad : palette.muted;
  context.fillRect(x, top + 2, 2, height - 4);
}

/**
 * How many events there are at each pixel, by the height of its line: two places in sorted times tell
 * that, however many lie between.
 *
 * @param isBad tells whether something among events is to be marked
 */
function drawDensity(
  { context, palette, scale, top, height }: Place,
  times: Float64Array,
  length: number,
  isBad: ((from: number, to: number) => boolean) | undefined,
): void {
  const most = height - 4;
  const floor = top + height - 2;
  const bad: number[] = [];
  context.fillStyle = isBad === undefined ? palette.item : palette.call;
  context.globalAlpha = isBad === undefined ? 0.9 : 0.35;
  context.beginPath();
  let from = lowerBound(times, length, scale.fromMs);
  let runX = 0;
  let runHeight = 0;
  for (let x = 0; x < scale.width && from < length; x++) {
    const to = lowerBound(times, length, scale.t(x + 1), from);
    const count = to - from;
    // By the logarithm: one is seen, a thousand are not much more.
    const tall = count === 0 ? 0 : Math.min(most, Math.round(6 + Math.log2(count) * 2.4));
    if (tall !== runHeight) {
      if (runHeight > 0) context.rect(runX, floor - runHeight, x - runX, runHeight);
      runX = x;
      runHeight = tall;
    }
    if (count > 0 && isBad?.(from, to)) bad.push(x);
    from = to;
  }
  if (runHeight > 0) context.rect(runX, floor - runHeight, Math.min(scale.width, runX + 1) - runX, runHeight);
  context.fill();
  context.globalAlpha = 1;
  if (bad.length === 0) return;
  context.fillStyle = palette.warn;
  context.beginPath();
  for (const x of bad) context.rect(x, top, 1.5, 3);
  context.fill();
}

/** A stall as a hatched span. */
function drawStall(place: Place, { beginMs, endMs, number }: Stall): void {
  const { scale, palette, lastMs, context, top, height } = place;
  const from = Math.max(0, scale.x(beginMs));
  const width = Math.min(scale.width, scale.x(endMs ?? lastMs)) - from;
  if (width <= 0) return;
  hatch(place, from, Math.max(3, width), palette.warn, place.height - 4);
  if (number !== place.selected) return;
  context.strokeStyle = palette.text;
  context.strokeRect(from + 0.5, top + 1.5, Math.max(3, width), height - 3);
}

function hatch(
  { context, top, height }: Place,
  x: number,
  width: number,
  colour: string,
  tall: number,
): void {
  const y = top + (height - tall) / 2;
  context.save();
  context.beginPath();
  context.rect(x, y, width, tall);
  context.clip();
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fillRect(x, y, width, tall);
  context.globalAlpha = 0.9;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  const first = Math.floor((x - tall) / 6) * 6;
  for (let at = first; at < x + width; at += 6) {
    context.moveTo(at, y + tall);
    context.lineTo(at + tall, y);
  }
  context.stroke();
  context.restore();
}

function triangle(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x - 5, y - size);
  context.lineTo(x + 5, y - size);
  context.lineTo(x, y + size);
  context.fill();
}
