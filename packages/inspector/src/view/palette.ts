/** Colours of canvases; the style sheet has them, light and dark. */
export interface Palette {
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly stripe: string;
  readonly accent: string;
  readonly call: string;
  readonly item: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly muted: string;
  readonly second: string;
  readonly font: string;
}

const NAMES = ["text", "faint", "line", "stripe", "accent", "call", "item", "good", "warn"].concat([
  "bad",
  "muted",
  "second",
]);

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...colours, font: `11px ${style.fontFamily}` } as unknown as Palette;
}
