import { transports } from "#transports";
import { CallPlaces } from "./call/call-places.ts";
import type { Handlers } from "./call/call-types.ts";
import { type Handler, implement as implementUntyped } from "./call/handler.ts";
import type { Middleware } from "./call/middleware.ts";
import { BareConduit } from "./conduit/bare-conduit.ts";
import type { Conduit } from "./conduit/conduit.ts";
import { InboundConduits, type InboundOptions } from "./conduit/inbound-conduits.ts";
import { sessionOn } from "./connect.ts";
import { RoamError } from "./errors.ts";
import { type HealthBoard, healthBoard } from "./health/health-board.ts";
import { type HealthOffer, withHealth } from "./health/health-offer.ts";
import { systemClock } from "./internal/clock.ts";
import { asyncDispose } from "./internal/dispose.ts";
import { HeldBytes } from "./internal/held-bytes.ts";
import { Watched } from "./internal/watched.ts";
import {
  type IntrospectionOptions,
  isLocalAddress,
  type Offer,
  withIntrospection,
} from "./introspection/offer.ts";
import { withLimits } from "./limits.ts";
import type { Link, Listener } from "./link/link.ts";
import { consoleLogger, type Logger } from "./logger.ts";
import type { Methods, Service } from "./schema/service.ts";
import { type ServerUsage, usageOf } from "./server-usage.ts";
import { Admission, type Authenticate, type Identity, identityOf } from "./session/admission.ts";
import { announce, checkSchemas, type SchemaCheck, SERVICE_KEY } from "./session/announce.ts";
import { messageFamily } from "./session/message-family.ts";
import type { Session } from "./session/session.ts";
import type { ConnectionAcceptor, SessionOptions } from "./session/session-options.ts";
import { withTunnels } from "./tunnel/tunnel-offer.ts";
import type { Message } from "./wire/message.ts";
import type { Metadata } from "./wire/metadata.ts";

/** Joins a service and its functions, to be served. */
export function implement<M extends Methods>(
  service: Service<M>,
  handlers: Handlers<M>,
  options: { readonly middleware?: readonly Middleware[] } = {},
): Handler {
  return implementUntyped(service as unknown as Service, handlers, options.middleware);
}

export interface ServeOptions
  extends Omit<SessionOptions, "handler" | "keepAlive" | "signal" | "parity" | "admit" | keyof Shared>,
    Omit<InboundOptions, "authenticate" | "heldBytes" | "onRefused"> {
  /** Who is let in, asked at each session, resume and further connection (default: everybody). */
  readonly authenticate?: Authenticate;
  /** Runs around every call of the service given by its functions. */
  readonly middleware?: readonly Middleware[];
  /** Further services, each on virtual connections opened under its name. */
  readonly services?: readonly Handler[];
  /** A service of the client's, called from here through `onSession`. */
  readonly calls?: Service;
  /** A session was set up; calls back can be made on it with `clientOn`. */
  readonly onSession?: (session: Session) => void;
  /**
   * Tells those who ask what is served here and how it goes, on a virtual connection of its own:
   * see `roam/introspection`. Default: where the address is local, and elsewhere where
   * `authenticate` decides who may ask. False where a proxy on this machine lets strangers in.
   */
  readonly introspection?: boolean | IntrospectionOptions;
  /**
   * Tells those who ask how the services are, on a virtual connection of its own: see `roam/health`. True,
   * or a board on which the owner says how they are. Default: where introspection is by default.
   */
  readonly health?: boolean | HealthBoard;
  /** Sessions may carry links with sessions of their own: see `roam/tunnel` (default: they may not). */
  readonly tunnels?: boolean;
  readonly transport?: object;
  readonly schemaCheck?: SchemaCheck;
  readonly logger?: Logger;
}

/** A service on an address. */
export interface Server extends AsyncDisposable {
  /** As one would dial it, with the real port. */
  readonly address: string;
  readonly sessions: ReadonlySet<Session>;
  /** What it takes of its limits, right now. */
  readonly usage: ServerUsage;
  /** Stops listening and ends all sessions in order. */
  close(): Promise<void>;
  /** Stops listening, lets calls in flight finish (at most `timeoutMs`), then closes. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
}

/** What all sessions of a server share. */
type Shared = Pick<SessionOptions, "callPlaces" | "heldBytes">;

const ALL_IS_WELL = healthBoard();
const DRAIN_TIMEOUT_MS = 10_000;

/**
 * Serves a service on a URL (`tcp://host:port`, `tls://`, `unix:/path`, `ws://`, `stdio:`; port 0
 * takes a free one). Clients that come back after a lost link find their sessions again.
 *
 * @throws RoamError `io` if the address cannot be had
 */
export async function serve<M extends Methods>(
  url: string,
  service: Service<M>,
  handlers: Handlers<M>,
  options: ServeOptions = {},
): Promise<Server> {
  return serveHandler(
    (onLink) => transports.listen(url, options, onLink),
    implement(service, handlers, options),
    options,
  );
}

/** Serves a handler on any listener. */
export async function serveHandler(
  listen: (onLink: (link: Link) => void) => Promise<Listener>,
  handler: Handler,
  options: ServeOptions = {},
): Promise<Server> {
  // Before anything listens: nobody would hear of it later.
  const limits = withLimits(options.limits);
  announce(options.metadata, { served: handler.service, called: options.calls });
  const admission = new Admission(options.authenticate, options.logger ?? consoleLogger);
  const logger = options.logger ?? consoleLogger;
  const shared = {
    callPlaces: options.limits?.maxRunningCalls === undefined ? undefined : new CallPlaces(limits),
    heldBytes: new HeldBytes(limits.maxHeldBytes),
  };
  const inbound = new InboundConduits(messageFamily, {
    ...options,
    heldBytes: shared.heldBytes,
    authenticate: admission.link,
    onRefused: tellNowAndThen(logger),
  });
  const sessions = new Set<Session>();
  /** Told each session as soon as it is there. */
  const watchers = new Set<(session: Session) => void>();
  const begin = (session: Session) => {
    options.trace?.begin(session);
    for (const onSession of watchers) onSession(session);
  };
  const draining = new Watched(false);
  const startedMs = (options.clock ?? systemClock).nowMs();
  let address: string | undefined;
  const usage = () => usageOf(sessions, inbound, shared);
  const place: Place = {
    sessions,
    startedMs,
    usage,
    address: () => address,
    isDraining: () => isClosing,
    onNewSession: (onSession) => {
      watchers.add(onSession);
      return () => watchers.delete(onSession);
    },
    onDraining: (run) => draining.watch(run),
    onLink: options.tunnels ? (link) => onLink(link) : undefined,
  };
  // Each with a signal of its own: one for all would have as many listeners as there are handshakes.
  const handshakes = new Map<AbortController, Promise<void>>();
  const closing = new RoamError("closed", "the server is closing");
  let isClosing = false;
  const onAccepted = async (session: Session) => {
    // Set up in the very turn in which the server was closed.
    if (isClosing) return session.close();
    sessions.add(session);
    void session.ended.then(() => sessions.delete(session));
    try {
      options.onSession?.(session);
    } catch (error) {
      logger.error({ err: error, peer: session.peer }, "onSession failed");
    }
  };
  const onLink = (link: Link): void => {
    if (isClosing) return link.destroy(closing);
    const handshake = new AbortController();
    const { signal } = handshake;
    const onConduit = async (conduit: Conduit<Message> | undefined) => {
      if (conduit === undefined) return;
      const identity = inbound.principalOf(conduit) as Identity;
      await onAccepted(
        await acceptOn(
          conduit,
          handler,
          { admission, identity, place },
          { ...options, ...shared, signal, trace: { begin } },
        ),
      );
    };
    // Somebody who does not speak the protocol is no news; the link is closed already.
    const accepted = inbound
      .accept(link, signal)
      .then(onConduit)
      .catch(() => {});
    handshakes.set(handshake, accepted);
    void accepted.finally(() => handshakes.delete(handshake));
  };
  const listener = await listen(onLink);
  ({ address } = listener);
  const stop = async (end: (session: Session) => Promise<void>) => {
    isClosing = true;
    draining.set(true);
    const closed = listener.close();
    for (const handshake of handshakes.keys()) handshake.abort(closing);
    await Promise.all([...handshakes.values(), ...[...sessions].map(end)]);
    await closed;
  };
  const close = () => stop((session) => session.close());
  return {
    get address() {
      return listener.address;
    },
    sessions,
    get usage() {
      return usage();
    },
    close,
    drain: ({ timeoutMs = DRAIN_TIMEOUT_MS } = {}) => stop((session) => session.drain({ timeoutMs })),
    [asyncDispose]: close,
  };
}

/** Sets up the accepting side of a session on a link that is there for good, serving `handler`. */
export function accept(
  link: Link,
  handler: Handler,
  options: ServeOptions & { readonly signal?: AbortSignal } = {},
): Promise<Session> {
  const admission = new Admission(options.authenticate, options.logger ?? consoleLogger);
  const sessions = new Set<Session>();
  const startedMs = (options.clock ?? systemClock).nowMs();
  // Who gave the link knows where it leads to.
  const place: Place = {
    sessions,
    startedMs,
    usage: undefined,
    address: () => undefined,
    isDraining: () => false,
    onNewSession: () => () => {},
    onDraining: () => () => {},
    onLink: undefined,
  };
  const admitted = { admission, identity: identityOf(link), place };
  const onSession = (session: Session) => {
    sessions.add(session);
    return session;
  };
  return acceptOn(new BareConduit(link, messageFamily), handler, admitted, options).then(onSession);
}

/** Where a session is accepted, for those who ask about it. */
interface Place
  extends Pick<Offer, "sessions" | "startedMs" | "usage" | "address" | "isDraining" | "onNewSession">,
    Pick<HealthOffer, "onDraining"> {
  /** Takes the links of tunnels; undefined where there are none. */
  readonly onLink: ((link: Link) => void) | undefined;
}

/** A line of the log for the first link that was refused, the second, the fourth, the eighth … */
function tellNowAndThen(logger: Logger): (peer: string, reason: string) => void {
  let refused = 0;
  let toldFrom = 1;
  return (peer, reason) => {
    if (++refused < toldFrom) return;
    toldFrom *= 2;
    logger.warn(
      { peer, refused },
      `links are refused, ${refused} so far; the last came from ${peer}: ${reason}`,
    );
  };
}

async function acceptOn(
  conduit: Conduit<Message>,
  handler: Handler,
  parts: { readonly admission: Admission; readonly identity: Identity; readonly place: Place },
  options: ServeOptions & Shared & Pick<SessionOptions, "signal">,
): Promise<Session> {
  const { admission, identity, place } = parts;
  const { logger = consoleLogger, services = [], authenticate } = options;
  const announced = { served: handler.service, called: options.calls };
  const accept =
    options.acceptConnection ?? byName(services, { check: options.schemaCheck ?? "warn", logger });
  const offer: Offer = {
    ...place,
    root: handler.service,
    virtual: options.acceptConnection === undefined ? services.map(({ service }) => service) : [],
    introspection: options.introspection,
    isGuarded: authenticate !== undefined,
    clock: options.clock ?? systemClock,
  };
  const { health } = options;
  const healthOffer: HealthOffer = {
    services: [offer.root, ...offer.virtual].map(({ name }) => name),
    board: typeof health === "object" ? health : ALL_IS_WELL,
    isOffered: () =>
      health === undefined ? offer.isGuarded || isLocalAddress(place.address()) : health !== false,
    isDraining: place.isDraining,
    onDraining: place.onDraining,
  };
  const { onLink } = place;
  const tunnelled = (accept: ConnectionAcceptor) =>
    onLink === undefined ? accept : withTunnels(accept, { facts: () => identity.facts, onLink });
  return sessionOn(conduit, "acceptor", announced, {
    ...options,
    handler,
    keepAlive: true,
    metadata: announce(options.metadata, announced),
    ...(authenticate === undefined
      ? {}
      : { admit: (hello: Metadata, signal: AbortSignal) => admission.session(identity, hello, signal) }),
    acceptConnection: admission.connections(
      identity,
      tunnelled(withHealth(withIntrospection(accept, offer), healthOffer)),
    ),
  });
}

/** Accepts what is opened under the name of one of the services, or under none if there is one only. */
// r[impl rpc.one-service-per-connection]
function byName(
  services: readonly Handler[],
  schemas: { readonly check: SchemaCheck; readonly logger: Logger },
): ConnectionAcceptor {
  return ({ metadata, peer }) => {
    const name = metadata.get(SERVICE_KEY);
    const handler =
      name === undefined && services.length === 1
        ? services[0]
        : services.find((candidate) => candidate.service.name === name);
    if (handler === undefined) return { accept: false, metadata: { reason: "no such service" } };
    const announced = { served: handler.service, called: undefined };
    try {
      checkSchemas(announced, metadata, { ...schemas, peer });
    } catch (error) {
      if (!(error instanceof RoamError)) throw error;
      return { accept: false, metadata: { reason: error.reason } };
    }
    return { accept: true, handler, metadata: announce(undefined, announced) };
  };
}
