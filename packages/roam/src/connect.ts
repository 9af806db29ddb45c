import type { CallContext } from "./call/call-context.ts";
import type { ClientMethods } from "./call/call-types.ts";
import { type ClientOptions, makeClient } from "./call/client.ts";
import type { Handler } from "./call/handler.ts";
import type { Conduit, Role } from "./conduit/conduit.ts";
import type { ConduitState } from "./conduit/conduit-state.ts";
import { Connection } from "./connection/connection.ts";
import { asyncDispose } from "./internal/dispose.ts";
import { consoleLogger, type Logger } from "./logger.ts";
import { type OpenOptions, openConduit, type Target } from "./open-conduit.ts";
import type { Methods, Service } from "./schema/service.ts";
import { type Announced, announce, checkSchemas, type SchemaCheck } from "./session/announce.ts";
import { establish } from "./session/establish.ts";
import type { Session } from "./session/session.ts";
import type { SessionOptions } from "./session/session-options.ts";
import type { Message } from "./wire/message.ts";
import type { MetadataInit } from "./wire/metadata.ts";

export interface ConnectOptions extends SessionOptions, ClientOptions, OpenOptions {
  /** Told how it goes with the links, from `connecting` on; also to be had from the session. */
  readonly onState?: (state: ConduitState) => void;
  /** What to do if the counterpart describes the service differently (default: warn). */
  readonly schemaCheck?: SchemaCheck;
  readonly logger?: Logger;
}

/** What a client is besides its methods. */
export interface ClientHandle<M extends Methods = Methods> {
  readonly session: Session;
  readonly connection: Connection;
  /**
   * Gives this handle up. With the last one the connection closes by itself, and the session
   * with its last connection.
   */
  close(): Promise<void>;
  /** Another handle of the same connection, to be closed on its own. */
  clone(): Client<M>;
  /** A client of another service on a virtual connection of this session. */
  open<M extends Methods>(
    service: Service<M>,
    options?: {
      readonly metadata?: MetadataInit;
      readonly handler?: Handler;
      readonly signal?: AbortSignal;
    } & ClientOptions,
  ): Promise<Client<M>>;
}

/** The methods of a service as functions; `$` holds everything that is not one of them. */
export type Client<M extends Methods> = ClientMethods<M> & AsyncDisposable & { readonly $: ClientHandle<M> };

/** The client of a service: `ClientOf<typeof Billing>`. */
export type ClientOf<S> = S extends Service<infer M> ? Client<M> : never;

/**
 * Dials a URL (`tcp://host:port`, `tls://`, `unix:/path`, `ws://`, `wss://`, `stdio:`) or takes a
 * link, and gives a client of the service that is there. Dialled sessions survive their links: a
 * link that dies is replaced, and calls and channels go on.
 *
 * @throws RoamError `io` if nobody answers, `handshake` if no session comes to be,
 *   `schema-mismatch` if the services differ and `schemaCheck` is "refuse"; the signal's reason
 */
export async function connect<M extends Methods>(
  target: Target,
  service: Service<M>,
  options: ConnectOptions = {},
): Promise<Client<M>> {
  const services = { served: options.handler?.service, called: service as Service };
  // Before anything is dialled: the user's metadata may be none.
  const metadata = announce(options.metadata, services);
  options.onState?.({ kind: "connecting" });
  const conduit = await openConduit(target, options);
  const session = await sessionOn(conduit, "initiator", services, { ...options, metadata });
  if (options.onState !== undefined) {
    options.onState(session.state);
    session.watch(options.onState);
  }
  return clientOn(session, session.root, service, options);
}

/**
 * A session on a conduit whose two sides describe the root's services alike, as far as they tell.
 *
 * @param options.metadata what goes with the handshake, announcement included
 */
export async function sessionOn(
  conduit: Conduit<Message>,
  role: Role,
  services: Announced,
  options: SessionOptions & { readonly schemaCheck?: SchemaCheck; readonly logger?: Logger },
): Promise<Session> {
  const { schemaCheck = "warn", logger = consoleLogger } = options;
  const session = await establish(conduit, role, {
    ...options,
    onHandlerError: options.onHandlerError ?? reportTo(logger),
    onStalled: options.onStalled ?? stallsTo(logger),
  });
  try {
    checkSchemas(services, session.root.metadata, { check: schemaCheck, logger, peer: session.peer });
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** A client of a service on a connection that exists. */
export function clientOn<M extends Methods>(
  session: Session,
  connection: Connection,
  service: Service<M>,
  options: ConnectOptions = {},
): Client<M> {
  connection.retain();
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    connection.release();
    if (session.hasEnded) await session.ended;
  };
  const $: ClientHandle<M> = {
    session,
    connection,
    close,
    clone: () => clientOn(session, connection, service, options),
    open: (other, openOptions = {}) =>
      openClient(session, other, { ...options, ...openOptions }, openOptions),
  };
  const methods = makeClient(service, connection.caller, session.clock, options);
  return Object.assign(methods, { $, [asyncDispose]: close }) as Client<M>;
}

/**
 * Calls the caller back: its own service, on the connection that the call came by. There is nothing
 * to close; the methods work as long as that connection does, beyond the call too.
 *
 * @example async run({ job }, call) { await callBack(call, Progress).started({ job }, { signal: call.signal }); }
 */
// r[impl session.symmetry]
export function callBack<M extends Methods>(
  call: CallContext,
  service: Service<M>,
  options: ClientOptions = {},
): ClientMethods<M> {
  const { via } = call;
  if (!(via instanceof Connection)) throw new TypeError("the call did not come by a connection");
  return makeClient(service, via.caller, via.clock, options);
}

async function openClient<M extends Methods>(
  session: Session,
  service: Service<M>,
  options: ConnectOptions,
  given: { readonly metadata?: MetadataInit; readonly handler?: Handler; readonly signal?: AbortSignal },
): Promise<Client<M>> {
  const services = { served: given.handler?.service, called: service as Service };
  const connection = await session.openConnection({
    ...given,
    metadata: announce(given.metadata, services, service.name),
  });
  const { schemaCheck = "warn", logger = consoleLogger } = options;
  try {
    checkSchemas(services, connection.metadata, { check: schemaCheck, logger, peer: session.peer });
  } catch (error) {
    session.closeConnection(connection.connectionId);
    throw error;
  }
  return clientOn(session, connection, service, options);
}

/** Handlers' failures for the log; callers only learn that the call was cancelled. */
function reportTo(logger: Logger): NonNullable<SessionOptions["onHandlerError"]> {
  return (err, { service, method }) => logger.error({ err, service, method }, `${service}.${method} failed`);
}

function stallsTo(logger: Logger): NonNullable<SessionOptions["onStalled"]> {
  return ({ forMs, waitingControls, waitingSenders }, { peer }) =>
    logger.warn(
      { peer, forMs, waitingControls, waitingSenders },
      `${peer} has not read for ${forMs} ms: ${waitingControls} answers and ${waitingSenders} senders wait`,
    );
}
