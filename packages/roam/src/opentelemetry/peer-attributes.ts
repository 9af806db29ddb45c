import type { Attributes } from "@opentelemetry/api";
import type { MessageSink } from "../channel/message-sink.ts";
import { Connection } from "../connection/connection.ts";
import {
  NETWORK_PEER_ADDRESS,
  NETWORK_PEER_PORT,
  NETWORK_TRANSPORT,
  SERVER_ADDRESS,
  SERVER_PORT,
} from "./names.ts";

/** What is known of the other end of a connection. */
export interface PeerAttributes {
  /** For spans. */
  readonly span: Attributes;
  /** For measurements, which are added up: of a server only, for clients are too many. */
  readonly metric: Attributes;
}

const UNKNOWN: PeerAttributes = { span: {}, metric: {} };
/** `tcp://host:port`, `wss://host/path`; where links are accepted the scheme may be missing. */
const NETWORK =
  /^(?:(?<scheme>tcp|tls|ws|wss):\/\/)?(?<host>\[[^\]]+\]|[^/]+?)(?::(?<port>\d+))?(?:[/?].*)?$/;
const PORTS: Readonly<Record<string, number>> = { ws: 80, wss: 443 };

// Either side may call on a connection.
const known = {
  caller: new WeakMap<MessageSink, PeerAttributes>(),
  handler: new WeakMap<MessageSink, PeerAttributes>(),
};

/** @param side ours: a caller's peer is a server */
export function peerAttributes(side: "caller" | "handler", via: MessageSink): PeerAttributes {
  let attributes = known[side].get(via);
  if (attributes === undefined) {
    const peer = via instanceof Connection ? via.peer : "";
    attributes = side === "caller" ? serverAt(peer) : clientAt(peer);
    known[side].set(via, attributes);
  }
  return attributes;
}

function serverAt(peer: string): PeerAttributes {
  const unix = /^unix:(.+)$/.exec(peer)?.[1];
  if (unix !== undefined) {
    const metric = { [SERVER_ADDRESS]: unix };
    return { span: { ...metric, [NETWORK_TRANSPORT]: "unix" }, metric };
  }
  if (peer === "stdio") return { span: { [NETWORK_TRANSPORT]: "pipe" }, metric: {} };
  const place = placeIn(peer);
  if (place === undefined) return UNKNOWN;
  const metric = {
    [SERVER_ADDRESS]: place.host,
    ...(place.port !== undefined && { [SERVER_PORT]: place.port }),
  };
  return { span: { ...metric, [NETWORK_TRANSPORT]: "tcp" }, metric };
}

function clientAt(peer: string): PeerAttributes {
  const place = placeIn(peer);
  if (place?.port === undefined) return UNKNOWN;
  const span = { [NETWORK_PEER_ADDRESS]: place.host, [NETWORK_PEER_PORT]: place.port };
  return { span: { ...span, [NETWORK_TRANSPORT]: "tcp" }, metric: {} };
}

/** Host and port of a network address; undefined for another kind of peer. */
function placeIn(peer: string): { readonly host: string; readonly port: number | undefined } | undefined {
  const { scheme, host, port } = NETWORK.exec(peer)?.groups ?? {};
  if (host === undefined || (scheme === undefined && port === undefined)) return undefined;
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return { host: bare, port: port === undefined ? PORTS[scheme ?? ""] : Number(port) };
}
