import type { ClientMethods } from "../call/call-types.ts";
import { makeClient } from "../call/client.ts";
import { abortReason, RoamError, type RoamErrorCode } from "../errors.ts";
import { asyncDispose } from "../internal/dispose.ts";
import { checkDocument } from "../schema/check-document.ts";
import type { SchemaDocument } from "../schema/schema-document.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { Session } from "../session/session.ts";
import { INTROSPECTION_NAME } from "./introspection-name.ts";
import { Introspection, type ServedService } from "./introspection-service.ts";

/** What a peer told of itself. */
export interface Introspected {
  readonly document: SchemaDocument;
  /** Root first, those included whose types have no form in the document. */
  readonly services: readonly ServedService[];
}

export interface IntrospectOptions {
  readonly signal?: AbortSignal;
  /** A peer that does not answer for so long has no introspection (default 2,000 ms). */
  readonly timeoutMs?: number;
}

/** The methods of `Introspection`, on a connection of their own. */
export type IntrospectionClient = ClientMethods<(typeof Introspection)["methods"]> & {
  close(): Promise<void>;
} & AsyncDisposable;

const TIMEOUT_MS = 2_000;
/** Failures that say that there is no introspection, or none that we know. */
const ABSENT: ReadonlySet<RoamErrorCode> = new Set([
  "rejected",
  "unknown-method",
  "invalid-payload",
  "cancelled",
  "decode",
  "queue-full",
]);

/**
 * Asks a peer what it serves.
 *
 * @returns undefined if it does not tell: published peers do not, others may not want to
 * @throws RoamError what the session died of, or `too-large` if no further connection may be
 *   opened; the signal's reason
 */
export async function introspect(
  session: Session,
  options: IntrospectOptions = {},
): Promise<Introspected | undefined> {
  return within(session, options, async (signal) => {
    await using client = await open(session, signal);
    const [services, text] = await Promise.all([
      client.services({}, { signal }),
      client.schema({}, { signal }),
    ]);
    return { services, document: documentIn(text) };
  });
}

/**
 * Opens a connection to the peer's introspection, for health and statistics.
 *
 * @returns undefined if it has none
 * @throws as `introspect` does
 */
export async function openIntrospection(
  session: Session,
  options: IntrospectOptions = {},
): Promise<IntrospectionClient | undefined> {
  return within(session, options, async (signal) => {
    const client = await open(session, signal);
    try {
      // A peer may accept whatever is opened.
      await client.health({ service: "" }, { signal });
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  });
}

async function open(session: Session, signal: AbortSignal): Promise<IntrospectionClient> {
  const connection = await session.openConnection({
    metadata: { [SERVICE_KEY]: INTROSPECTION_NAME },
    signal,
  });
  const close = async () => session.closeConnection(connection.connectionId);
  const methods = makeClient(Introspection, connection.caller, session.clock);
  return Object.assign(methods, { close, [asyncDispose]: close }) as IntrospectionClient;
}

/** Runs with a signal that aborts when the time is over; what says that there is nothing gives undefined. */
async function within<T>(
  { clock }: Session,
  { signal, timeoutMs = TIMEOUT_MS }: IntrospectOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  if (signal?.aborted) throw abortReason(signal);
  const limited = new AbortController();
  const late = new RoamError("deadline-exceeded", `no answer within ${timeoutMs} ms`);
  const onAbort = () => limited.abort(abortReason(signal as AbortSignal));
  const stop = clock.after(timeoutMs, () => limited.abort(late));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await run(limited.signal);
  } catch (error) {
    if (error === late || (error instanceof RoamError && ABSENT.has(error.code))) return undefined;
    throw error;
  } finally {
    stop();
    signal?.removeEventListener("abort", onAbort);
  }
}

function documentIn(text: string): SchemaDocument {
  try {
    const document: unknown = JSON.parse(text);
    checkDocument(document);
    return document;
  } catch (cause) {
    throw new RoamError("decode", "the peer's schema is no schema document", { cause });
  }
}
