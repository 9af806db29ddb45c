/**
 * Names of the semantic conventions of OpenTelemetry, version 1.45, and ours beside them. Written
 * down here: a package of constants would be one dependency more.
 */
export const RPC_SYSTEM_NAME = "rpc.system.name";
/** `Service/method`. */
export const RPC_METHOD = "rpc.method";
/** `ok`, or the code of a `RoamError`. */
export const RPC_STATUS_CODE = "rpc.status_code";
export const ERROR_TYPE = "error.type";
export const SERVER_ADDRESS = "server.address";
export const SERVER_PORT = "server.port";
export const NETWORK_TRANSPORT = "network.transport";
export const NETWORK_PEER_ADDRESS = "network.peer.address";
export const NETWORK_PEER_PORT = "network.peer.port";

export const CLIENT_CALL_DURATION = "rpc.client.call.duration";
export const SERVER_CALL_DURATION = "rpc.server.call.duration";
/** Of both durations (s), as the conventions recommend. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export const SESSION_COUNT = "roam.session.count";
export const SESSION_RESUMES = "roam.session.resumes";
export const SESSION_STALLS = "roam.session.stalls";
/** `initiator` or `acceptor`. */
export const SESSION_ROLE = "roam.session.role";

export const DETACHED = "roam.detached";
export const DETACHED_REASON = "roam.detached.reason";
export const RESUMED = "roam.resumed";
/** Items that were sent again. */
export const RESUMED_REPLAYED = "roam.resumed.replayed";
export const STALLED = "roam.stalled";
/** So far (s). */
export const STALLED_DURATION = "roam.stalled.duration";
/** Answers and control messages, and senders, that wait. */
export const STALLED_CONTROLS = "roam.stalled.controls";
export const STALLED_SENDERS = "roam.stalled.senders";

/** The argument that is the channel, or holds it. */
export const CHANNEL_NAME = "roam.channel.name";
/** `in` or `out`, from where the span was made. */
export const CHANNEL_DIRECTION = "roam.channel.direction";
/** Sent or received until its end. */
export const CHANNEL_ITEMS = "roam.channel.items";
