type Immediate = (run: () => void) => unknown;
const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/** Rounds of the event loop without activity that count as rest. */
const QUIET_ROUNDS = 4;

/** One round of the event loop: all microtasks have run, and what was put off to its end. */
export function nextRound(): Promise<void> {
  return new Promise((resolve) => {
    if (immediate !== undefined) {
      immediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Resolves when nothing more happens by itself: over memory links, everything that promises
 * and the ends of turns can set off has happened then. Sockets and timers are not waited for.
 *
 * @param activity a count that grows while something goes on; rest is when it stays
 * @param quietRounds how long it must stay: more of them where a kernel is in between
 */
export async function settled(activity: () => number = () => 0, quietRounds = QUIET_ROUNDS): Promise<void> {
  let seen = activity();
  for (let quiet = 0; quiet < quietRounds; quiet++) {
    await nextRound();
    const now = activity();
    if (now !== seen) quiet = -1;
    seen = now;
  }
}
