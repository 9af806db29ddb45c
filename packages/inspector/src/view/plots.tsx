import { useCallback, useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { type Series, SeriesReader } from "../series/series-reader.ts";
import { counted } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";
import { MarkLines } from "./mark-lines.ts";
import { paletteOf } from "./palette.ts";
import { makePlot, PLOTS, type PlotKind } from "./plot-row.ts";
import { onTheme } from "./use-canvas.ts";
import { useChanges } from "./use-changes.ts";
import { rangeKey, useRangeGestures } from "./use-range-gestures.ts";

/** Rates, latencies and what is kept, over the same time as the timeline. */
export function Plots({ state }: { state: InspectorState }) {
  useChanges(state);
  const box = useRef<HTMLElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  useRangeGestures(box, state);
  usePlots(box, marks, state);
  const scope = state.session === undefined ? "all sessions" : `session ${state.session.number}`;
  const { cuts, resumes } = marksInSight(state);
  const links = `${counted(cuts, "cut")}, ${counted(resumes, "resume")}`;
  const onKey = useCallback((event: KeyboardEvent) => void rangeKey(state, event), [state]);
  return (
    <section
      class="plots"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is worked by keys
      tabIndex={0}
      aria-label={`Plots of ${scope}; in sight: ${links}`}
      onKeyDown={onKey}
    >
      {PLOTS.map((kind) => (
        <div class="plot" key={kind.name}>
          <div class="gutter">
            <b>{kind.name}</b>
            {kind.lines.map(({ label, colour }) => (
              <span class="legend" key={label}>
                <i class={`dot ${colour}`} />
                {label} <output />
              </span>
            ))}
          </div>
          <div class="area" />
        </div>
      ))}
      <div class="marks" ref={marks} aria-hidden="true" />
      <p class="marks-told" data-cuts={cuts} data-resumes={resumes}>
        <i class="mark-key cut" /> {counted(cuts, "cut")} <i class="mark-key back" />{" "}
        {counted(resumes, "resume")} in sight · {scope}
      </p>
    </section>
  );
}

function marksInSight({ activity, fromMs, toMs }: InspectorState) {
  const seen = activity.marks.filter(({ t }) => t >= fromMs && t <= toMs);
  return {
    cuts: seen.filter(({ state }) => state === "detached").length,
    resumes: seen.filter(({ state }) => state === "resumed").length,
  };
}

function usePlots(
  box: { current: HTMLElement | null },
  marks: { current: HTMLElement | null },
  state: InspectorState,
): void {
  useEffect(() => {
    const element = box.current;
    const layer = marks.current;
    if (element === null || layer === null) return;
    const rows = [...element.querySelectorAll<HTMLElement>(".plot")];
    const areas = rows.map((row) => row.querySelector(".area") as HTMLElement);
    const outputs = rows.map((row) => [...row.querySelectorAll("output")]);
    const lines = new MarkLines(layer);
    const reader = new SeriesReader();
    let first = state.store.first;
    let plots: uPlot[] = [];
    const build = () => {
      for (const plot of plots) plot.destroy();
      const palette = paletteOf(element);
      plots = PLOTS.map((kind, index) => makePlot(kind, areas[index] as HTMLElement, palette));
      state.redraw();
    };
    build();
    const draw = () => {
      const { fromMs, toMs, store } = state;
      if (first !== store.first) reader.clear();
      first = store.first;
      const series = reader.read(state.activity, state.activities, fromMs, toMs, store.lastMs);
      for (const [index, kind] of PLOTS.entries()) {
        const plot = plots[index];
        plot?.batch(() => {
          plot.setData([series.times, ...kind.lines.map(({ of }) => of(series))] as uPlot.AlignedData, false);
          plot.setScale("x", { min: fromMs, max: toMs });
        });
        tell(kind, outputs[index] ?? [], series, state.cursorMs);
      }
      lines.draw(state);
    };
    const sizes = new ResizeObserver(() => {
      for (const [index, plot] of plots.entries()) {
        const { clientWidth, clientHeight } = areas[index] as HTMLElement;
        if (clientWidth > 0) plot.setSize({ width: clientWidth, height: clientHeight });
      }
      state.redraw();
    });
    sizes.observe(areas[0] as HTMLElement);
    const offFrame = state.onFrame(draw);
    const offTheme = onTheme(build);
    return () => {
      sizes.disconnect();
      offFrame();
      offTheme();
      for (const plot of plots) plot.destroy();
    };
  }, [box, marks, state]);
}

/** The values where the pointer is, or the last ones. */
function tell(
  kind: PlotKind,
  outputs: HTMLOutputElement[],
  series: Series,
  cursorMs: number | undefined,
): void {
  const { times, widthMs } = series;
  const at =
    cursorMs === undefined || times.length === 0
      ? times.length - 1
      : Math.round((cursorMs - (times[0] as number)) / widthMs);
  for (const [index, { of }] of kind.lines.entries()) {
    const value = of(series)[at];
    const output = outputs[index];
    const text = value === null || value === undefined ? "–" : kind.text(value);
    if (output !== undefined && output.textContent !== text) output.textContent = text;
  }
}
