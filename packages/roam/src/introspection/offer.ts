import type { Clock } from "../internal/clock.ts";
import type { Docs } from "../schema/document-of.ts";
import type { Service } from "../schema/service.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { Session } from "../session/session.ts";
import type {
  ConnectionAcceptor,
  ConnectionDecision,
  ConnectionRequest,
} from "../session/session-options.ts";
import { introspectionHandler, type Served } from "./introspection-handler.ts";
import { INTROSPECTION_NAME } from "./introspection-name.ts";

/** What a server tells of itself to those who ask. */
export interface IntrospectionOptions {
  /** Comments by what they are about: `Billing`, `Billing.lookup`, `Invoice`, `Invoice.lines`. */
  readonly docs?: Docs;
  /** Services that an `acceptConnection` of one's own serves under their names. */
  readonly services?: readonly Service[];
  /**
   * Whose statistics are told: of all sessions (default on local addresses), or only of the one
   * who asks (default elsewhere: addresses of others are theirs).
   */
  readonly statistics?: "all" | "own";
  /**
   * For development: whoever may see the statistics of a session may also see payloads in its
   * traces, cut its link and stop its reading (default: nobody may).
   */
  readonly development?: boolean;
}

/** How it is offered, once all is known that decides it. */
export interface Offer extends Omit<Served, "asker" | "sessions" | "docs" | "isDevelopment"> {
  /** True or options: offered. Undefined: where the address is local, and where somebody is asked who it is. */
  readonly introspection: boolean | IntrospectionOptions | undefined;
  readonly isGuarded: boolean;
  readonly sessions: ReadonlySet<Session>;
  /** Undefined: not known to be local. */
  readonly address: () => string | undefined;
  readonly clock: Clock;
}

/**
 * Takes opens of introspection, if it is offered, and leaves all others to `accept`. A service of
 * the user's with the same name is the user's.
 */
export function withIntrospection(accept: ConnectionAcceptor, offer: Offer): ConnectionAcceptor {
  const { introspection, virtual } = offer;
  if (introspection === false || virtual.some(({ name }) => name === INTROSPECTION_NAME)) return accept;
  return (request) => {
    if (request.metadata.get(SERVICE_KEY) !== INTROSPECTION_NAME) return accept(request);
    const isHere = isLocalAddress(offer.address());
    if (introspection === undefined && !isHere && !offer.isGuarded) return accept(request);
    return serveIntrospection(request, offer, isHere);
  };
}

function serveIntrospection(
  { session }: ConnectionRequest,
  offer: Offer,
  isHere: boolean,
): ConnectionDecision {
  const { introspection, virtual, sessions } = offer;
  const options = typeof introspection === "object" ? introspection : {};
  const { statistics = isHere ? "all" : "own", services = [], docs, development = false } = options;
  const served: Served = {
    ...offer,
    virtual: [...virtual, ...services],
    asker: session,
    sessions: statistics === "all" ? sessions : new Set([session]),
    onNewSession: statistics === "all" ? offer.onNewSession : () => () => {},
    isDevelopment: development,
    usage: statistics === "all" ? offer.usage : undefined,
    isDraining: () => offer.isDraining() || session.isDraining,
    ...(docs && { docs }),
  };
  return { accept: true, handler: introspectionHandler(served, offer.clock), maxConcurrentRequests: 8 };
}

/** True for addresses that only this machine reaches, whoever may pass them on. */
export function isLocalAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  if (/^(unix|stdio|memory):/.test(address)) return true;
  let host: string;
  try {
    host = new URL(address).hostname;
  } catch {
    return false;
  }
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
