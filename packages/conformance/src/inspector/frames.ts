import type { Page } from "playwright-core";

/** How long frames took while something was done. */
export interface Frames {
  readonly count: number;
  /** Frames per second, by the frame in the middle, and by the slowest of twenty. */
  readonly median: number;
  readonly slow: number;
  /** How often the page told another range. */
  readonly moves: number;
}

// A text: what the loader adds to functions is not there in the page.
const RECORDER = `(() => {
  const frames = [];
  let last = performance.now();
  let isOver = false;
  let moves = 0;
  const watch = new MutationObserver(() => moves++);
  watch.observe(document.querySelector(".overview .value"), { characterData: true, subtree: true, childList: true });
  globalThis.stopFrames = () => { isOver = true; watch.disconnect(); return { frames, moves }; };
  requestAnimationFrame(function next() {
    const now = performance.now();
    frames.push(now - last);
    last = now;
    if (!isOver) requestAnimationFrame(next);
  });
})()`;

/** Records the frames of a page while `run` uses it. */
export async function framesDuring(page: Page, run: () => Promise<void>): Promise<Frames> {
  await page.evaluate(RECORDER);
  await run();
  const told = (await page.evaluate("stopFrames()")) as { frames: number[]; moves: number };
  const sorted = told.frames.slice(1).sort((a, b) => a - b);
  const at = (share: number) =>
    1_000 / (sorted[Math.floor(sorted.length * share)] ?? Number.POSITIVE_INFINITY);
  return { count: sorted.length, median: at(0.5), slow: at(0.95), moves: told.moves };
}
