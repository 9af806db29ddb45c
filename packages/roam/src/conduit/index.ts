export { acceptBare } from "./bare-acceptor.ts";
export { BareConduit } from "./bare-conduit.ts";
export type {
  Conduit,
  ConduitAcceptor,
  ConduitPermit,
  ConduitRx,
  ConduitTx,
  MessageFamily,
  Received,
  Role,
} from "./conduit.ts";
