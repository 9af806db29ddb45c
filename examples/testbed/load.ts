import { arch, cpus, freemem, platform, totalmem } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { fail, type HandlersOf } from "roam";
import type { FaultProxy } from "roam/fault-proxy";
import type { Monitor } from "./monitor.ts";

/** The kernel counts processor time in steps of 10 ms: shorter intervals would show noise (ms). */
const MIN_INTERVAL_MS = 50;

/** Longest time that a page may be kept off by its own wish (ms). */
const MAX_CUT_MS = 10_000;

/**
 * Serves Monitor from what the operating system says.
 *
 * @param closing ends all streams in order: a server that drains would wait for them otherwise
 * @param links what stands between the page and the server
 */
export function monitorHandlers(
  closing: AbortSignal,
  links: () => Pick<FaultProxy, "cut" | "refuse">,
): HandlersOf<typeof Monitor> {
  return {
    cut({ for_ms }) {
      links().refuse(Math.min(for_ms, MAX_CUT_MS));
      return links().cut();
    },
    machine: () => ({
      platform: `${platform()} ${arch()}`,
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      memory_bytes: totalmem(),
    }),
    async watch({ interval_ms, samples }, call) {
      if (interval_ms < MIN_INTERVAL_MS) fail({ tag: "TooOften", min_interval_ms: MIN_INTERVAL_MS });
      const signal = AbortSignal.any([call.signal, closing]);
      let before = processorTimes();
      while (await elapsed(interval_ms, signal)) {
        const now = processorTimes();
        const total = now.total - before.total;
        const cpu = total > 0 ? (now.busy - before.busy) / total : 0;
        before = now;
        // Waits for credit, and throws once the reader has left, which ends the call.
        await samples.send({ cpu, memory_used_bytes: totalmem() - freemem() });
      }
    },
  };
}

/** Processor time since boot, of all cores together (ms). */
function processorTimes(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    total += working + times.idle;
  }
  return { busy, total };
}

/** True after `ms`, false as soon as the signal aborts. */
async function elapsed(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
