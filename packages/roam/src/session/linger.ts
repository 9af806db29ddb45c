import type { RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Outbox } from "./outbox.ts";

/** Time that a graceful end may take before the conduit is cut (ms). */
const LINGER_MS = 1000;

/** Sends what is queued and ends the outbound direction, but takes no longer than is decent. */
export async function linger(outbox: Outbox, cause: RoamError, clock: Clock): Promise<void> {
  let stop = () => {};
  const expired = new Promise<void>((resolve) => {
    stop = clock.after(LINGER_MS, resolve);
  });
  // A conduit that cannot be closed in order is cut by the caller all the same.
  await Promise.race([outbox.close(cause).catch(() => {}), expired]);
  stop();
}
