export { Connection } from "../connection/connection.ts";
export { establish } from "./establish.ts";
export type { KeepaliveOptions } from "./keepalive.ts";
export { messageFamily } from "./message-family.ts";
export { ConnectionRejected } from "./pending-opens.ts";
export { forwardTo } from "./proxy.ts";
export { Session } from "./session.ts";
export type {
  ConnectionAcceptor,
  ConnectionDecision,
  ConnectionRequest,
  SessionOptions,
} from "./session-options.ts";
export type { ConnectionStats, Latency, MethodStats, SessionStats } from "./session-stats.ts";
