import { t as codecTypes } from "roam-postcard";
import { rx, tx } from "./channel/channel-types.ts";
import { computedIdentity } from "./schema/computed-identity.ts";
import { opaqueSchema } from "./schema/opaque-schema.ts";
import { defineService, type Methods, type Service } from "./schema/service.ts";

export type { Infer, Schema } from "roam-postcard";
export type { CallChannel } from "./call/call-channels.ts";
export type { CallContext } from "./call/call-context.ts";
export { CallError, fail } from "./call/call-error.ts";
export type { TraceContext } from "./call/call-metadata.ts";
export type {
  Call,
  CallerArgs,
  CallOptions,
  CallResult,
  Handlers,
  HandlersOf,
  Source,
} from "./call/call-types.ts";
export type { Handler } from "./call/handler.ts";
export type { Middleware, MiddlewareCall } from "./call/middleware.ts";
export { type Adapters, type MethodAdapter, versions } from "./call/versions.ts";
export type { ChannelOver } from "./channel/channel-core.ts";
// Declarations of services with channels name these.
export type { RxSchema, TxSchema } from "./channel/channel-types.ts";
export { channel } from "./channel/pair.ts";
export { Rx } from "./channel/rx.ts";
export { Tx } from "./channel/tx.ts";
export type { ConduitState, LostReason } from "./conduit/conduit-state.ts";
export type { ConduitChoice } from "./conduit/inbound-conduits.ts";
export type { Backoff } from "./conduit/stable/backoff.ts";
export type { LinkSource } from "./conduit/stable/link-source.ts";
export type { Retention } from "./conduit/stable/resume-registry.ts";
export {
  type Client,
  type ClientHandle,
  type ClientOf,
  type ConnectOptions,
  callBack,
  clientOn,
  connect,
} from "./connect.ts";
export { ProtocolError, RoamError, type RoamErrorCode } from "./errors.ts";
export { DEFAULT_LIMITS, type Limits } from "./limits.ts";
export type { PeerCertificate, PeerFacts } from "./link/peer-facts.ts";
export type { LogFields, Logger } from "./logger.ts";
export type { Target } from "./open-conduit.ts";
export { knownIds } from "./schema/known-identity.ts";
export { type Method, type Methods, method, type Service } from "./schema/service.ts";
export { accept, implement, type ServeOptions, type Server, serve, serveHandler } from "./serve.ts";
export type { ServerUsage } from "./server-usage.ts";
export type { Applicant, Authenticate } from "./session/admission.ts";
export { logSessions } from "./session/log-sessions.ts";
export type { Session } from "./session/session.ts";
export type { ConnectionAcceptor, ConnectionDecision, ConnectionRequest } from "./session/session-options.ts";
export type { Stall } from "./session/stall-watch.ts";
export { Metadata, MetadataEntry, type MetadataInit, type MetadataValue } from "./wire/metadata.ts";

/** Schema builders: the codec's, channels, and types that signatures do not look into. */
export const t = { ...codecTypes, tx, rx, opaque: opaqueSchema } as const;

/**
 * A service: its types follow from its schemas, its method ids equal those of the Rust trait
 * of the same names and types.
 *
 * @throws TypeError for a channel in a return or error type, or inside a collection
 */
// r[impl service-macro.is-source-of-truth]
export function service<const M extends Methods>(name: string, methods: M): Service<M> {
  return defineService(name, methods, computedIdentity);
}
