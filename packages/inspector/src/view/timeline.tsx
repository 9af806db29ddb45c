import { useCallback, useRef } from "preact/hooks";
import type { TraceEvent } from "roam/trace";
import { summaryOf } from "../summary-of.ts";
import { timeText } from "../words.ts";
import { drawTimeline } from "./draw-timeline.ts";
import type { InspectorState } from "./inspector-state.ts";
import { labelOf } from "./rows.ts";
import {
  AXIS,
  eventAt,
  GUTTER,
  heightOf,
  heightOfAll,
  neighbour,
  rowAt,
  TimeScale,
} from "./timeline-geometry.ts";
import { type Draw, useCanvas } from "./use-canvas.ts";
import { useChanges } from "./use-changes.ts";
import { rangeKey, useRangeGestures } from "./use-range-gestures.ts";

/** Calls and items over time, a row for each method and channel. */
export function Timeline({ state }: { state: InspectorState }) {
  useChanges(state);
  const box = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const place = useRef({ scrollTop: 0, focused: undefined as string | undefined });
  const scroll = useCallback(
    (by: number) => {
      const most = Math.max(0, heightOfAll(state.shownRows) - ((box.current?.clientHeight ?? 0) - AXIS));
      place.current.scrollTop = Math.max(0, Math.min(most, place.current.scrollTop + by));
      state.redraw();
    },
    [state],
  );
  const hover = useRef<{ readonly x: number; readonly y: number } | undefined>(undefined);
  const tip = useRef<HTMLDivElement>(null);
  const numberAt = useCallback(
    (x: number, y: number) => {
      const hit = rowAt(state.shownRows, y - AXIS + place.current.scrollTop);
      if (hit === undefined || x < GUTTER || y < AXIS) return { row: hit?.row, number: -1 };
      const scale = new TimeScale(state, (box.current?.clientWidth ?? 0) - GUTTER);
      const top = AXIS + hit.top - place.current.scrollTop;
      return { row: hit.row, number: eventAt(hit.row, scale, x - GUTTER, y - top) };
    },
    [state],
  );
  const draw = useCallback<Draw>(
    (context, width, height, palette) => {
      drawTimeline(context, state, { ...place.current, rows: state.shownRows, width, height }, palette);
      const number = hover.current === undefined ? -1 : numberAt(hover.current.x, hover.current.y).number;
      if (tip.current !== null) showTip(tip.current, state.store.event(number), hover.current, width, height);
    },
    [state, numberAt],
  );
  const onHover = useCallback((at: { readonly x: number; readonly y: number } | undefined) => {
    hover.current = at;
  }, []);
  const click = useCallback(
    (x: number, y: number) => {
      const { row, number } = numberAt(x, y);
      if (row !== undefined) place.current.focused = row.key;
      if (number >= 0) state.select(number);
      else state.redraw();
    },
    [state, numberAt],
  );
  useCanvas(canvas, state, draw);
  useRangeGestures(box, state, { onClick: click, onHover, onScroll: scroll });

  const moveRow = (by: number) => {
    const rows = state.shownRows;
    const at = rows.findIndex(({ key }) => key === place.current.focused);
    const row = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (row === undefined) return;
    place.current.focused = row.key;
    const top = heightOfAll(rows.slice(0, rows.indexOf(row)));
    const room = (box.current?.clientHeight ?? 0) - AXIS;
    if (top < place.current.scrollTop) scroll(top - place.current.scrollTop);
    else scroll(Math.max(0, top + heightOf(row) - room - place.current.scrollTop));
    state.become(state.phase);
  };
  const moveEvent = (isForward: boolean) => {
    const rows = state.shownRows;
    const row =
      rows.find(({ key }) => key === place.current.focused) ?? rows.find(({ kind }) => kind === "calls");
    if (row === undefined) return;
    place.current.focused = row.key;
    // Without a selection, or with one in another place, from what is in sight.
    const t = state.store.timeOf(state.selected);
    const isInSight = state.selected >= 0 && t >= state.fromMs && t <= state.toMs;
    const from = isInSight ? state.selected : state.store.numberAt(isForward ? state.fromMs : state.toMs);
    const number = neighbour(row, from, isForward);
    if (number >= 0) state.select(number);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown") moveRow(1);
    else if (event.key === "ArrowUp") moveRow(-1);
    else if (event.key === "PageDown") scroll(120);
    else if (event.key === "PageUp") scroll(-120);
    else if (event.key === "]") moveEvent(true);
    else if (event.key === "[") moveEvent(false);
    else {
      rangeKey(state, event);
      return;
    }
    event.preventDefault();
  };
  const focused = state.shownRows.find(({ key }) => key === place.current.focused);
  return (
    <section
      class="timeline"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is worked by keys
      tabIndex={0}
      aria-label={`Timeline of calls and items${focused === undefined ? "" : `, row ${labelOf(focused)}`}`}
      aria-keyshortcuts="ArrowLeft ArrowRight ArrowUp ArrowDown + - Home End [ ]"
      onKeyDown={onKey}
    >
      <canvas ref={canvas} />
      <div class="tip" ref={tip} hidden />
    </section>
  );
}

/** Says beside the pointer what is there. */
function showTip(
  tip: HTMLElement,
  event: TraceEvent | undefined,
  at: { readonly x: number; readonly y: number } | undefined,
  width: number,
  height: number,
): void {
  tip.hidden = event === undefined || at === undefined;
  if (event === undefined || at === undefined) return;
  tip.textContent = `${timeText(event.t, 1)}  ${summaryOf(event)}`;
  const x = Math.min(at.x + 12, width - tip.offsetWidth - 4);
  const y = at.y + 40 > height ? at.y - 28 : at.y + 16;
  tip.style.transform = `translate(${Math.max(0, x)}px, ${y}px)`;
}
