import type { ReplaceableLinks } from "../conduit/conduit.ts";
import type { RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { Outbox } from "./outbox.ts";

/** Time that a graceful end may take before the conduit is cut (ms). */
const LINGER_MS = 1000;
/** The same while a link is being looked for: what was sent is to arrive. */
const DETACHED_LINGER_MS = 10_000;

/**
 * Sends what is queued and ends the outbound direction, but takes no longer than is decent. Where
 * links are replaced, the peer's own close is awaited: until then a lost link would lose the end.
 */
export async function linger(
  outbox: Outbox,
  cause: RoamError,
  clock: Clock,
  links?: ReplaceableLinks,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      stop();
      stopWatching?.();
      resolve();
    };
    const expired = () => {
      const isReconnecting = links?.state.kind === "detached" && links.state.nextDelayMs !== undefined;
      if (isReconnecting) stop = clock.after(DETACHED_LINGER_MS - LINGER_MS, done);
      else done();
    };
    let stop = clock.after(LINGER_MS, expired);
    const stopWatching = links?.watch(({ kind }) => {
      if (kind === "closed" || kind === "lost") done();
    });
    // A conduit that cannot be closed in order is cut by the caller all the same.
    outbox.close(cause).then(() => {
      if (links === undefined) done();
    }, done);
  });
}
