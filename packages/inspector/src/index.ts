import { h, render } from "preact";
import type { TraceSource } from "./source.ts";
import { Inspector } from "./view/inspector.tsx";
import { applyTheme, chosenTheme } from "./view/theme.ts";

export type { Act, TraceSource } from "./source.ts";

/**
 * Shows a trace in an element, which has to have a size; the page has to have `style.css`.
 *
 * @returns what takes it away again
 */
export function mountInspector(element: HTMLElement, source: TraceSource): () => void {
  applyTheme(chosenTheme());
  render(h(Inspector, { source }), element);
  return () => render(null, element);
}
