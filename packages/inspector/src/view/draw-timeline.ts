import { gridOf } from "../series/series-reader.ts";
import { timeText } from "../words.ts";
import { drawCalls, drawChannel, drawSession, type Place } from "./draw-rows.ts";
import type { InspectorState } from "./inspector-state.ts";
import type { Palette } from "./palette.ts";
import { labelOf, type Row } from "./rows.ts";
import { AXIS, GUTTER, heightOf, TimeScale } from "./timeline-geometry.ts";

export interface TimelineView {
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
  /** Of the rows (CSS pixels). */
  readonly scrollTop: number;
  /** Key of the row that the keyboard is on. */
  readonly focused: string | undefined;
}

/** Draws the rows that are in sight, and the axis above them. */
export function drawTimeline(
  context: CanvasRenderingContext2D,
  state: InspectorState,
  view: TimelineView,
  palette: Palette,
): void {
  const { width, height, scrollTop, rows } = view;
  const scale = new TimeScale(state, width - GUTTER);
  context.clearRect(0, 0, width, height);
  context.font = palette.font;
  context.textBaseline = "middle";
  const grid = gridLines(scale, state.spanMs);
  let top = AXIS - scrollTop;
  for (const [index, row] of rows.entries()) {
    const tall = heightOf(row);
    if (top + tall > AXIS && top < height)
      drawRow(context, state, view, palette, { row, index, top, scale, grid });
    top += tall;
    if (top >= height) break;
  }
  drawAxis(context, state, palette, { width, scale, grid });
  if (rows.length === 0) {
    context.fillStyle = palette.faint;
    context.fillText("nothing yet", GUTTER + 8, AXIS + 14);
  }
}

function drawRow(
  context: CanvasRenderingContext2D,
  state: InspectorState,
  { width, focused }: TimelineView,
  palette: Palette,
  {
    row,
    index,
    top,
    scale,
    grid,
  }: { row: Row; index: number; top: number; scale: TimeScale; grid: number[] },
): void {
  const height = heightOf(row);
  if (index % 2 === 1) {
    context.fillStyle = palette.stripe;
    context.fillRect(0, top, width, height);
  }
  context.save();
  context.beginPath();
  context.rect(GUTTER, Math.max(AXIS, top), width - GUTTER, top + height - Math.max(AXIS, top));
  context.clip();
  context.translate(GUTTER, 0);
  context.fillStyle = palette.line;
  for (const t of grid) context.fillRect(Math.round(scale.x(t)), top, 1, height);
  const place: Place = {
    context,
    palette,
    scale,
    top,
    height,
    lastMs: state.store.lastMs,
    selected: state.selected,
  };
  if (row.kind === "session") drawSession(place, row.session);
  else if (row.kind === "calls") drawCalls(place, row.track, row.session.stalls);
  else if (row.kind === "channel") drawChannel(place, row.track, row.session.stalls);
  context.restore();
  drawLabel(context, row, top, height, palette, row.key === focused);
}

function drawLabel(
  context: CanvasRenderingContext2D,
  row: Row,
  top: number,
  height: number,
  palette: Palette,
  isFocused: boolean,
): void {
  const isSession = row.kind === "session";
  const indent = 8 + Math.max(0, row.depth - 1) * 8;
  context.save();
  context.beginPath();
  context.rect(0, Math.max(AXIS, top), GUTTER - 6, height);
  context.clip();
  context.fillStyle = isSession ? palette.text : palette.faint;
  context.font = isSession ? `600 ${palette.font}` : palette.font;
  const side = row.kind === "calls" ? (row.track.isHandler ? "← " : "→ ") : "";
  context.fillText(side + labelOf(row), indent, top + height / 2 + 0.5);
  context.restore();
  if (!isFocused) return;
  context.fillStyle = palette.accent;
  context.fillRect(0, top, 3, height);
}

function drawAxis(
  context: CanvasRenderingContext2D,
  state: InspectorState,
  palette: Palette,
  { width, scale, grid }: { width: number; scale: TimeScale; grid: number[] },
): void {
  context.clearRect(0, 0, width, AXIS);
  context.font = palette.font;
  context.fillStyle = palette.faint;
  // Two lines that are next to each other are not to have the same text.
  const stepMs = grid.length > 1 ? (grid[1] as number) - (grid[0] as number) : state.spanMs;
  for (const t of grid) {
    const x = GUTTER + scale.x(t);
    if (x < width - 44) context.fillText(timeText(t, stepMs), x + 3, AXIS / 2);
  }
  context.fillStyle = palette.line;
  context.fillRect(0, AXIS - 1, width, 1);
}

function gridLines(scale: TimeScale, spanMs: number): number[] {
  const step = gridOf((spanMs / scale.width) * 90);
  const lines: number[] = [];
  const last = scale.t(scale.width);
  for (let index = Math.ceil(scale.fromMs / step); index * step <= last; index++) lines.push(index * step);
  return lines;
}
