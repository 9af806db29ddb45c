import { method, service, t } from "roam";

/** The machine that the server runs on. */
export const Machine = t.struct("Machine", {
  platform: t.string,
  cpu: t.string,
  cores: t.u32,
  memory_bytes: t.u64.asNumber,
});

/** Load since the sample before. */
export const Sample = t.struct("Sample", {
  /** Busy share of all cores together, 0 to 1. */
  cpu: t.f64,
  memory_used_bytes: t.u64.asNumber,
});
export const WatchError = t.enum("WatchError", { TooOften: { min_interval_ms: t.u32 } });

/** How busy the server's machine is, and a knife for the page's links. Kept apart from its handlers, so that a page can import it. */
export const Monitor = service("Monitor", {
  machine: method({}, Machine),
  /** Samples every `interval_ms` until the caller leaves; a slow reader slows it down. */
  watch: method({ interval_ms: t.u32, samples: t.tx(Sample) }, t.unit, WatchError),
  /**
   * Cuts the page's links, and refuses new ones for so long (at most 10 s). The answer, how many were
   * cut, comes by the next one.
   */
  cut: method({ for_ms: t.u32 }, t.u32),
});
