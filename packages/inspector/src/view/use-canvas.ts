import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { InspectorState } from "./inspector-state.ts";
import { type Palette, paletteOf } from "./palette.ts";

export type Draw = (
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  palette: Palette,
) => void;

/** Keeps a canvas as large as its parent, and draws it with each frame in which something changed. */
export function useCanvas(ref: RefObject<HTMLCanvasElement | null>, state: InspectorState, draw: Draw): void {
  useEffect(() => {
    const canvas = ref.current;
    const parent = canvas?.parentElement;
    const context = canvas?.getContext("2d");
    if (!canvas || !parent || !context) return;
    let palette = paletteOf(parent);
    const paint = () => {
      const { clientWidth, clientHeight } = parent;
      const ratio = globalThis.devicePixelRatio || 1;
      const width = Math.round(clientWidth * ratio);
      const height = Math.round(clientHeight * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, clientWidth, clientHeight, palette);
    };
    const sizes = new ResizeObserver(() => state.redraw());
    sizes.observe(parent);
    const offFrame = state.onFrame(paint);
    const offTheme = onTheme(() => {
      palette = paletteOf(parent);
      state.redraw();
    });
    return () => {
      sizes.disconnect();
      offFrame();
      offTheme();
    };
  }, [ref, state, draw]);
}

/** Tells when colours change: by the system, or by the switch. */
export function onTheme(tell: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(tell);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  system.addEventListener("change", tell);
  return () => {
    chosen.disconnect();
    system.removeEventListener("change", tell);
  };
}
