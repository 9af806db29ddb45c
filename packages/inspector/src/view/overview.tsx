import { useCallback, useEffect, useRef } from "preact/hooks";
import { lowerBound } from "../store/column.ts";
import { timeText } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";
import { type Draw, useCanvas } from "./use-canvas.ts";
import { useChanges } from "./use-changes.ts";
import { rangeKey } from "./use-range-gestures.ts";

const BAR = 3;
const EDGE = 6;

/** The whole trace in one strip, with a brush over what is seen. */
export function Overview({ state }: { state: InspectorState }) {
  useChanges(state);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const draw = useCallback<Draw>(
    (context, width, height, palette) => drawAll(state, context, width, height, palette),
    [state],
  );
  useCanvas(canvas, state, draw);
  useBrush(box, state);
  const { store, fromMs, toMs } = state;
  const text = `${timeText(fromMs, state.spanMs / 50)} to ${timeText(toMs, state.spanMs / 50)}`;
  return (
    <div class="overview">
      <span class="gutter">
        <b>Overview</b>
        <span class="value">{text}</span>
      </span>
      <div
        class="strip"
        ref={box}
        role="slider"
        tabIndex={0}
        aria-label="Part of the trace that is seen"
        aria-valuemin={Math.round(store.firstMs)}
        aria-valuemax={Math.round(Math.max(store.lastMs, store.firstMs))}
        aria-valuenow={Math.round(fromMs)}
        aria-valuetext={text}
        onKeyDown={(event) => rangeKey(state, event)}
      >
        <canvas ref={canvas} />
      </div>
    </div>
  );
}

function drawAll(
  { store, activity, fromMs, toMs }: InspectorState,
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Parameters<Draw>[3],
): void {
  const { firstMs, lastMs } = store;
  const perMs = width / Math.max(1, lastMs - firstMs);
  context.clearRect(0, 0, width, height);
  const counts: number[] = [];
  const { values, length } = activity.messages;
  for (let x = 0, from = 0; x < width; x += BAR) {
    const to = lowerBound(values, length, firstMs + (x + BAR) / perMs, from);
    counts.push(to - from);
    from = to;
  }
  const most = Math.max(1, ...counts);
  context.fillStyle = palette.item;
  context.beginPath();
  for (const [index, count] of counts.entries()) {
    const tall = (count / most) * (height - 6);
    context.rect(index * BAR, height - tall, BAR - 1, tall);
  }
  context.fill();
  for (const { t, state } of activity.marks.slice(-2_000)) {
    if (state !== "detached" && state !== "resumed" && state !== "lost") continue;
    context.fillStyle = state === "resumed" ? palette.good : palette.bad;
    context.fillRect((t - firstMs) * perMs, state === "resumed" ? 4 : 0, 1.5, 4);
  }
  const from = (fromMs - firstMs) * perMs;
  const span = Math.max(2, (toMs - fromMs) * perMs);
  context.globalAlpha = 0.14;
  context.fillStyle = palette.accent;
  context.fillRect(from, 0, span, height);
  context.globalAlpha = 1;
  context.fillStyle = palette.accent;
  context.fillRect(Math.max(0, from - 1), 0, 2, height);
  context.fillRect(Math.min(width - 2, from + span - 1), 0, 2, height);
}

/** Dragging inside moves what is seen, at an edge makes it wider or narrower, outside draws a new one. */
function useBrush(box: { current: HTMLDivElement | null }, state: InspectorState): void {
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    let drag:
      | { kind: "move" | "from" | "to" | "new"; startMs: number; fromMs: number; toMs: number }
      | undefined;
    const timeAt = (event: PointerEvent) => {
      const { left, width } = element.getBoundingClientRect();
      const { firstMs, lastMs } = state.store;
      const share = Math.max(0, Math.min(1, (event.clientX - left) / width));
      return firstMs + share * (lastMs - firstMs);
    };
    element.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        const t = timeAt(event);
        const { fromMs, toMs } = state;
        const slack = (EDGE * (state.store.lastMs - state.store.firstMs)) / element.clientWidth;
        const isInside = t > fromMs && t < toMs;
        const isAll = toMs - fromMs > (state.store.lastMs - state.store.firstMs) * 0.98;
        const kind =
          Math.abs(t - fromMs) < slack
            ? "from"
            : Math.abs(t - toMs) < slack
              ? "to"
              : isInside && !isAll
                ? "move"
                : "new";
        drag = { kind, startMs: t, fromMs, toMs };
        element.setPointerCapture(event.pointerId);
      },
      { signal },
    );
    element.addEventListener(
      "pointermove",
      (event) => {
        if (drag === undefined) return;
        const t = timeAt(event);
        if (drag.kind === "move") state.show(drag.fromMs + t - drag.startMs, drag.toMs + t - drag.startMs);
        else if (drag.kind === "from") state.show(Math.min(t, drag.toMs), drag.toMs);
        else if (drag.kind === "to") state.show(drag.fromMs, Math.max(t, drag.fromMs));
        else if (t !== drag.startMs) state.show(Math.min(t, drag.startMs), Math.max(t, drag.startMs));
      },
      { signal },
    );
    for (const end of ["pointerup", "pointercancel"] as const) {
      element.addEventListener(
        end,
        (event) => {
          const isClick = drag !== undefined && end === "pointerup" && timeAt(event) === drag.startMs;
          if (isClick && drag?.kind === "new") {
            const half = (drag.toMs - drag.fromMs) / 2;
            state.show(drag.startMs - half, drag.startMs + half);
          }
          drag = undefined;
        },
        { signal },
      );
    }
    return () => stop.abort();
  }, [box, state]);
}
