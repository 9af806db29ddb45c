export { BareConduit } from "./bare-conduit.ts";
export type {
  Conduit,
  ConduitAcceptor,
  ConduitPermit,
  ConduitRx,
  ConduitTx,
  MessageFamily,
  Received,
  ReplaceableLinks,
  ReplayStatus,
  Role,
} from "./conduit.ts";
export { acceptConduits } from "./conduit-acceptor.ts";
export type { ConduitState, LostReason } from "./conduit-state.ts";
export type { ConduitChoice, InboundOptions } from "./inbound-conduits.ts";
export { type Backoff, DEFAULT_BACKOFF } from "./stable/backoff.ts";
export type { LinkSource } from "./stable/link-source.ts";
export { DEFAULT_RETENTION, type Retention } from "./stable/resume-registry.ts";
export type { AuthenticateLink, LinkApplicant } from "./stable/stable-acceptor.ts";
export type { StableConduit } from "./stable/stable-conduit.ts";
export { connectStable, SilentPeerError, type StableInitiatorOptions } from "./stable/stable-initiator.ts";
