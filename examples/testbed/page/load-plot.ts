import uPlot from "uplot";

/** A minute at ten samples a second. */
const MAX_SAMPLES = 600;
const SPAN_S = 60;
const HEIGHT_PX = 168;

/** Processor and memory load over the last minute, in percent. */
export class LoadPlot {
  readonly #root: HTMLElement;
  readonly #times: number[] = [];
  readonly #cpu: number[] = [];
  readonly #memory: number[] = [];
  #plot: uPlot;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#plot = this.#make();
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot.destroy();
      this.#plot = this.#make();
    });
  }

  /** @param cpu, memory shares, 0 to 1 */
  add(cpu: number, memory: number): void {
    this.#times.push(performance.now() / 1000);
    this.#cpu.push(cpu * 100);
    this.#memory.push(memory * 100);
    if (this.#times.length > MAX_SAMPLES) {
      for (const values of [this.#times, this.#cpu, this.#memory]) values.shift();
    }
    this.#plot.setData(this.#data());
  }

  #data(): uPlot.AlignedData {
    return [this.#times, this.#cpu, this.#memory];
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#root.clientWidth, 100), height: HEIGHT_PX };
  }

  #make(): uPlot {
    const style = getComputedStyle(this.#root);
    // A canvas knows no custom properties: colours are resolved through an element.
    const probe = document.createElement("span");
    this.#root.append(probe);
    const color = (name: string) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const axis = {
      stroke: color("muted"),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: color("line"), width: 1 },
      ticks: { show: false },
    };
    const line = (name: string): uPlot.Series => ({ stroke: color(name), width: 2, points: { show: false } });
    const options: uPlot.Options = {
      ...this.#size(),
      padding: [8, 28, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: (_plot, _min, max) => [(max ?? 0) - SPAN_S, max ?? 0] },
        y: { range: [0, 100] },
      },
      axes: [
        {
          ...axis,
          size: 26,
          splits: (_plot, _axis, _min, max) => [max - 60, max - 45, max - 30, max - 15, max],
          values: (_plot, splits) => splits.map((at) => ago((splits.at(-1) ?? at) - at)),
        },
        {
          ...axis,
          size: 48,
          splits: () => [0, 25, 50, 75, 100],
          values: (_plot, splits) => splits.map(percent),
        },
      ],
      series: [{}, line("accent"), line("second")],
    };
    const plot = new uPlot(options, this.#data(), this.#root);
    probe.remove();
    return plot;
  }
}

function ago(seconds: number): string {
  return seconds < 1 ? "now" : `${Math.round(seconds)} s ago`;
}

function percent(value: number): string {
  return `${value} %`;
}
