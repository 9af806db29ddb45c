import type { InspectorState } from "./inspector-state.ts";
import { TimeScale } from "./timeline-geometry.ts";

const MOST = 200;
const MANY = 24;
const SHOWN: ReadonlySet<string> = new Set(["detached", "resumed", "lost"]);

/** Lines across all plots where a link was lost or found again, and one where the pointer is. */
export class MarkLines {
  readonly #layer: HTMLElement;
  readonly #lines: HTMLElement[] = [];
  readonly #cursor = document.createElement("i");

  /** @param layer lies over the area of the plots */
  constructor(layer: HTMLElement) {
    this.#layer = layer;
    this.#cursor.className = "cursor";
    layer.append(this.#cursor);
  }

  draw(state: InspectorState): void {
    const scale = new TimeScale(state, this.#layer.clientWidth);
    let used = 0;
    for (const { t, state: link } of state.activity.marks) {
      if (t < state.fromMs || t > state.toMs || !SHOWN.has(link) || used === MOST) continue;
      const line = this.#line(used++);
      line.className = `mark ${link}`;
      line.style.transform = `translateX(${scale.x(t).toFixed(1)}px)`;
    }
    // Dozens of lines would hide what they are about.
    this.#layer.classList.toggle("many", used > MANY);
    for (const line of this.#lines.slice(used)) line.hidden = true;
    this.#cursor.hidden = state.cursorMs === undefined;
    if (state.cursorMs !== undefined) {
      this.#cursor.style.transform = `translateX(${scale.x(state.cursorMs).toFixed(1)}px)`;
    }
  }

  #line(index: number): HTMLElement {
    let line = this.#lines[index];
    if (line === undefined) {
      line = document.createElement("i");
      this.#lines.push(line);
      this.#layer.append(line);
    }
    line.hidden = false;
    return line;
  }
}
