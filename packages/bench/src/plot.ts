import { compact, ratio } from "./figures.ts";
import { type Circumstances, describe } from "./machine.ts";
import { type CaseResult, medianRate } from "./measured.ts";
import { median } from "./statistics.ts";

// All lengths in px.
const PANEL_WIDTH = 460;
const NAME_WIDTH = 118;
const LABEL_WIDTH = 92;
const BARS_WIDTH = PANEL_WIDTH - NAME_WIDTH - LABEL_WIDTH;
const TITLE_HEIGHT = 26;
const BAR_HEIGHT = 14;
const AXIS_HEIGHT = 30;
const HEAD_HEIGHT = 46;
const FOOT_HEIGHT = 22;
const COLUMNS = 2;
/** Characters of a line at the foot. */
const FOOT_CHARACTERS = 165;

// Text follows the reader's scheme; the bars are seen on white and on black.
const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .faint { fill: #6e7781; }
  .grid { stroke: #8b949e; stroke-opacity: 0.35; }
  .limit { fill: #8b949e; }
  .ours { fill: #2f81f7; }
  .peer { fill: #d9822b; }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .faint { fill: #9198a1; } }
`;

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes}>${escaped(content)}</text>`;
}

/** A logarithmic scale over whole decades. */
function scaleOf(rates: readonly number[]) {
  // A bar of no length would look like nothing measured.
  const low = Math.floor(Math.log10(Math.min(...rates) * 0.8));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...rates))), low + 1);
  return {
    decades: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
    x: (rate: number) => ((Math.log10(rate) - low) / (high - low)) * BARS_WIDTH,
  };
}

/** `10k` of a power of ten. */
const tick = (decade: number) => compact(decade).replace(/\.0+/, "");

const heightOf = ({ measured }: CaseResult) => TITLE_HEIGHT + measured.length * BAR_HEIGHT + AXIS_HEIGHT;

function panel({ test, measured }: CaseResult): string[] {
  const { decades, x } = scaleOf(measured.map(medianRate));
  const bottom = TITLE_HEIGHT + measured.length * BAR_HEIGHT;
  const grid = decades.flatMap((decade) => {
    const at = NAME_WIDTH + x(decade);
    return [
      `<line class="grid" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${TITLE_HEIGHT - 4}" y2="${bottom}"/>`,
      text(at, bottom + 12, tick(decade), ' class="faint" text-anchor="middle"'),
    ];
  });
  const bars = measured.flatMap((one, index) => {
    const rate = medianRate(one);
    const top = TITLE_HEIGHT + index * BAR_HEIGHT;
    const near = one.ofRaw === undefined ? "" : ` (${ratio(median(one.ofRaw))})`;
    const width = x(rate).toFixed(1);
    return [
      text(NAME_WIDTH - 6, top + 10, one.contender, ' text-anchor="end"'),
      `<rect class="${one.role}" x="${NAME_WIDTH}" y="${top + 1}" width="${width}" height="${BAR_HEIGHT - 3}"/>`,
      text(NAME_WIDTH + x(rate) + 4, top + 10, `${compact(rate)}${near}`),
    ];
  });
  return [text(0, 14, `${test.title} (${test.unit}/s)`, ' class="title"'), ...grid, ...bars];
}

/** Breaks a text between words. */
function wrapped(words: string): string[] {
  const lines = [""];
  for (const word of words.split(" ")) {
    const line = lines.at(-1) as string;
    if (line.length + word.length > FOOT_CHARACTERS) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

function legend(results: readonly CaseResult[]): string[] {
  const roles = new Set(results.flatMap(({ measured }) => measured.map(({ role }) => role)));
  const names = { ours: "ours", peer: "other systems", limit: "raw: the transport with calls by hand" };
  let x = 0;
  return (["ours", "peer", "limit"] as const)
    .filter((role) => roles.has(role))
    .flatMap((role) => {
      const at = x;
      x += 40 + names[role].length * 6;
      return [
        `<rect class="${role}" x="${at}" y="24" width="12" height="10"/>`,
        text(at + 17, 33, names[role]),
      ];
    });
}

/** Medians as bars on logarithmic scales, a panel for each case; numbers in brackets are ratios to raw. */
export function plot(results: readonly CaseResult[], around: Circumstances): string {
  const panels: string[] = [];
  let y = HEAD_HEIGHT;
  for (let first = 0; first < results.length; first += COLUMNS) {
    const row = results.slice(first, first + COLUMNS);
    for (const [column, result] of row.entries()) {
      panels.push(`<g transform="translate(${column * (PANEL_WIDTH + 20)} ${y})">`, ...panel(result), "</g>");
    }
    y += Math.max(...row.map(heightOf));
  }
  const foot = wrapped(`${around.command}: ${describe(around)}`);
  const lines = foot.map((line, index) => text(0, y + 14 + index * 14, line, ' class="faint"'));
  const width = COLUMNS * (PANEL_WIDTH + 20) - 20;
  const height = y + foot.length * 14 + FOOT_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${width + 20} ${height}" width="${width + 20}" height="${height}" role="img">`,
    "<title>Medians per second</title>",
    `<style>${STYLE}</style>`,
    text(0, 14, "Per second, medians, logarithmic; in brackets the ratio to raw", ' class="title"'),
    ...legend(results),
    ...panels,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
