import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { PeerCertificate, PeerFacts } from "../link/peer-facts.ts";

/** What Node tells of the far side of a socket it accepted. */
export function socketFacts(socket: Socket): PeerFacts {
  const { remoteAddress: address, remotePort: port } = socket;
  const certificate = certificateOf(socket);
  return {
    ...(address === undefined ? {} : { address: plain(address) }),
    ...(port === undefined ? {} : { port }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** The same of one that asked for a WebSocket, with what it said in doing so. */
export function upgradeFacts(request: IncomingMessage): PeerFacts {
  const headers = Object.entries(request.headers).map(([name, value = ""]) => [
    name,
    typeof value === "string" ? value : value.join(", "),
  ]);
  return { ...socketFacts(request.socket), headers: Object.fromEntries(headers) as Record<string, string> };
}

/** An IPv4 address that came by a socket for both kinds is the same address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}

function certificateOf(socket: Socket): PeerCertificate | undefined {
  const { getPeerCertificate, authorized } = socket as Partial<TLSSocket>;
  if (getPeerCertificate === undefined) return undefined;
  const shown = getPeerCertificate.call(socket as TLSSocket);
  // An empty object where the client showed none.
  if (shown?.fingerprint256 === undefined) return undefined;
  return {
    isTrusted: authorized === true,
    subject: { ...shown.subject } as PeerCertificate["subject"],
    fingerprint256: shown.fingerprint256,
    validTo: new Date(shown.valid_to),
  };
}
