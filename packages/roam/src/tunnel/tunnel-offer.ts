import type { Handlers } from "../call/call-types.ts";
import { implement } from "../call/handler.ts";
import type { Link } from "../link/link.ts";
import type { PeerFacts } from "../link/peer-facts.ts";
import type { Service } from "../schema/service.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { ConnectionAcceptor } from "../session/session-options.ts";
import { linkThrough } from "./tunnel-link.ts";
import { TUNNEL_NAME, Tunnel } from "./tunnel-service.ts";

/** Who gets the links, and what is known of the far end of the session that they come by. */
export interface TunnelOffer {
  readonly facts: () => PeerFacts;
  onLink(link: Link): void;
}

/** Takes opens of tunnels, and leaves all others to `accept`. Within a tunnel there is no further one. */
export function withTunnels(accept: ConnectionAcceptor, { facts, onLink }: TunnelOffer): ConnectionAcceptor {
  return (request) => {
    if (request.metadata.get(SERVICE_KEY) !== TUNNEL_NAME) return accept(request);
    const known = facts();
    if (known.isTunnel) return { accept: false, metadata: { reason: "a tunnel within a tunnel" } };
    const options = { peer: `${request.peer} (tunnel)`, facts: { ...known, isTunnel: true } } as const;
    const handlers: Handlers<(typeof Tunnel)["methods"]> = {
      open: ({ up, down }, { signal }) =>
        new Promise<void>((resolve) => {
          const link = linkThrough({ outgoing: down, incoming: up, onOver: () => resolve() }, options);
          signal.addEventListener("abort", () => link.destroy(signal.reason), { once: true });
          onLink(link);
        }),
    };
    const handler = implement(Tunnel as unknown as Service, handlers);
    return { accept: true, handler: { ...handler, isCarrier: true }, maxConcurrentRequests: 1 };
  };
}
