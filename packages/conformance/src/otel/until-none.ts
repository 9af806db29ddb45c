import { setTimeout as delay } from "node:timers/promises";

const LIMIT_MS = 10_000;

/** Waits until nothing is left. @throws Error if something still is after 10 s */
export async function untilNone(left: () => number): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while (left() !== 0) {
    if (performance.now() > limitMs) throw new Error(`${left()} are left after ${LIMIT_MS} ms`);
    await delay(2);
  }
}
