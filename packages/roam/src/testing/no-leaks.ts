import { claim } from "./claims.ts";
import { nextRound } from "./settled.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface NodeProcess {
  getActiveResourcesInfo?(): string[];
}

/** How long what was closed may take to be gone (ms): sockets say goodbye first. */
const PATIENCE_MS = 2_000;

/**
 * Runs a test and then checks that nothing of it is left: no socket, server, pipe or timer that
 * would keep the process alive, and no timer on its virtual clock. Outside Node only the
 * latter can be seen.
 */
export async function noLeaks<T>(
  run: () => Promise<T>,
  options: { clock?: VirtualClock; patienceMs?: number } = {},
): Promise<T> {
  const { clock, patienceMs = PATIENCE_MS } = options;
  const before = openResources();
  const result = await run();
  const deadline = performance.now() + patienceMs;
  for (;;) {
    await nextRound();
    const left = surplus(openResources(), before);
    if (left.length === 0) break;
    claim(performance.now() < deadline, `left behind: ${left.join(", ")}`);
  }
  claim(
    clock === undefined || clock.pending === 0,
    `left behind: ${clock?.pending} timers on the virtual clock`,
  );
  return result;
}

function openResources(): Map<string, number> {
  const { process } = globalThis as { process?: NodeProcess };
  const counts = new Map<string, number>();
  for (const kind of process?.getActiveResourcesInfo?.() ?? []) {
    // Waiting for the next round is one itself.
    if (kind !== "Immediate") counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function surplus(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>): string[] {
  return [...now].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}
