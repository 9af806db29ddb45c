import { makeClient } from "../call/client.ts";
import { abortReason, RoamError } from "../errors.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { Session } from "../session/session.ts";
import { HEALTH_NAME, HealthService, type HealthStatus } from "./health-service.ts";

/**
 * Asks a peer how it is.
 *
 * @param service its name; everything if left out
 * @returns undefined if the peer has no health service: published peers have none
 * @throws RoamError what the session died of; the signal's reason
 */
export async function checkHealth(
  session: Session,
  service = "",
  options: { readonly signal?: AbortSignal } = {},
): Promise<HealthStatus | undefined> {
  const asked = await openHealth(session, options);
  if (asked === undefined) return undefined;
  try {
    return await asked.client.check({ service }, options);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  } finally {
    asked.close();
  }
}

/**
 * The health of a peer, at once and with each change, until the loop is left, the signal aborts or
 * the session ends.
 *
 * @throws as `checkHealth`; RoamError `rejected` if the peer has no health service
 */
export async function* watchHealth(
  session: Session,
  service = "",
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<HealthStatus, void, undefined> {
  const asked = await openHealth(session, options);
  if (asked === undefined) throw new RoamError("rejected", "the peer has no health service");
  try {
    const watch = asked.client.watch({ service }, options);
    watch.catch(() => {});
    yield* watch.out;
    await watch;
  } finally {
    asked.close();
  }
}

async function openHealth(session: Session, { signal }: { readonly signal?: AbortSignal }) {
  if (signal?.aborted) throw abortReason(signal);
  try {
    const metadata = { [SERVICE_KEY]: HEALTH_NAME };
    const connection = await session.openConnection({ metadata, ...(signal && { signal }) });
    const client = makeClient(HealthService, connection.caller, session.clock);
    return { client, close: () => session.closeConnection(connection.connectionId) };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Says that there is no such service, or none that we know. */
function isAbsent(error: unknown): boolean {
  return error instanceof RoamError && (error.code === "rejected" || error.code === "unknown-method");
}
