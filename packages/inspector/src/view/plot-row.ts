import uPlot from "uplot";
import type { Series, Values } from "../series/series-reader.ts";
import { bytesText, durationText, shortText } from "../words.ts";
import type { Palette } from "./palette.ts";

/** One plot: what it shows, and how its numbers are written. */
export interface PlotKind {
  readonly name: string;
  readonly lines: readonly {
    readonly label: string;
    readonly colour: keyof Palette;
    readonly of: (series: Series) => Values;
  }[];
  readonly text: (value: number) => string;
  /** They are powers of two. */
  readonly isBytes?: boolean;
  /** Values stay until the next is told. */
  readonly isStepped?: boolean;
}

const perSecond = (value: number) => `${shortText(value)}/s`;

export const PLOTS: readonly PlotKind[] = [
  {
    name: "Rate",
    lines: [
      { label: "messages", colour: "item", of: ({ messages }) => messages },
      { label: "calls", colour: "call", of: ({ calls }) => calls },
    ],
    text: perSecond,
  },
  {
    name: "Latency",
    lines: [
      { label: "p99", colour: "warn", of: ({ most }) => most },
      { label: "p50", colour: "call", of: ({ half }) => half },
    ],
    text: durationText,
  },
  {
    name: "Credit",
    lines: [{ label: "least", colour: "second", of: ({ credit }) => credit }],
    text: shortText,
    isStepped: true,
  },
  {
    name: "Replay",
    lines: [{ label: "kept", colour: "item", of: ({ replayBytes }) => replayBytes }],
    text: bytesText,
    isBytes: true,
    isStepped: true,
  },
  {
    name: "Round trip",
    lines: [{ label: "ping", colour: "call", of: ({ roundTripMs }) => roundTripMs }],
    text: durationText,
    isStepped: true,
  },
];

/** Room for the numbers of the axis, which lie over the names' right end (CSS pixels). */
export const AXIS_WIDTH = 52;

const POWERS_OF_TWO = Array.from({ length: 48 }, (_, power) => 2 ** power);

/** Values with none beside them, which no line would show. */
function lonely(plot: uPlot, line: number): number[] {
  const values = plot.data[line] ?? [];
  const isThere = (index: number) => values[index] !== null && values[index] !== undefined;
  const found: number[] = [];
  for (let index = 0; index < values.length; index++) {
    if (isThere(index) && !isThere(index - 1) && !isThere(index + 1)) found.push(index);
  }
  return found;
}

/** A plot whose area begins at the right end of its axis; everything around it is not its own. */
export function makePlot(kind: PlotKind, parent: HTMLElement, palette: Palette): uPlot {
  const stepped = kind.isStepped ? (uPlot.paths.stepped?.({ align: 1 }) ?? null) : null;
  const options: uPlot.Options = {
    width: Math.max(60, parent.clientWidth),
    height: Math.max(20, parent.clientHeight),
    padding: [6, 0, 5, 0],
    cursor: { show: false },
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: false },
      y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      { show: false },
      {
        ...(kind.isBytes && { incrs: POWERS_OF_TWO }),
        size: AXIS_WIDTH,
        gap: 3,
        space: 18,
        font: palette.font,
        stroke: palette.faint,
        grid: { stroke: palette.line, width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((value) => kind.text(value)),
      },
    ],
    series: [
      {},
      ...kind.lines.map(({ label, colour }) => ({
        label,
        stroke: palette[colour],
        width: 1.25,
        points: { show: false, size: 3.5, fill: palette[colour], filter: lonely },
        ...(stepped && { paths: stepped }),
      })),
    ],
  };
  return new uPlot(options, [[], ...kind.lines.map(() => [])], parent);
}
