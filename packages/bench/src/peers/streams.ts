/** Items between two looks at the clock, less one, as in `sendFor`. */
const CLOCK_MASK = 15;

/** Whether another item goes. @param sent how many went */
export function isInTime(sent: number, end: number): boolean {
  return (sent & CLOCK_MASK) !== 0 || performance.now() < end;
}

/** @returns the count, which both sides agree on */
export function checkCount(sent: number, received: number): number {
  if (received !== sent) throw new Error(`${sent} items sent, ${received} received`);
  return received;
}

/** Items from one acknowledgement to the next, for systems without backpressure of their own. */
export const WINDOW_ITEMS = 1024;

/**
 * Sends until the time is over, and is never more than two windows ahead of the receiver.
 *
 * @param send sends an item
 * @param ask sends an item, and resolves when the receiver has taken it and all before it
 * @returns how many were sent, and taken
 */
export async function sendInWindows(
  durationMs: number,
  send: (item: number) => void,
  ask: (item: number) => Promise<unknown>,
): Promise<number> {
  const end = performance.now() + durationMs;
  let item = 0;
  let previous: Promise<unknown> = Promise.resolve();
  for (; isInTime(item, end); item++) {
    if (item % WINDOW_ITEMS < WINDOW_ITEMS - 1) send(item);
    else {
      const taken = ask(item);
      await previous;
      previous = taken;
    }
  }
  await Promise.all([previous, ask(item)]);
  return item + 1;
}
