import { method, service, t } from "roam";

/** What the overloaded server serves. */
export const Load = service("Load", {
  /** Keeps the processor busy: the same work each time, however long that takes. */
  spin: method({ rounds: t.u32 }, t.u32),
  /** Waits, as for a database. */
  wait: method({ ms: t.u32 }, t.u32),
});
