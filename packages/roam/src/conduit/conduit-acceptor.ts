import { RoamError } from "../errors.ts";
import { Inbox } from "../internal/inbox.ts";
import type { Link, Listener } from "../link/link.ts";
import type { Conduit, ConduitAcceptor, MessageFamily } from "./conduit.ts";
import { InboundConduits, type InboundOptions } from "./inbound-conduits.ts";

/** Conduits, and links on their way to become one, at most; further ones are closed. */
const MAX_WAITING = 128;

/**
 * Turns a listener into an acceptor of conduits, stable and bare on one address. Handshakes run
 * side by side: one that takes its time delays nobody.
 */
// r[impl conduit.x.acceptor]
export async function acceptConduits<M>(
  listen: (onLink: (link: Link) => void) => Promise<Listener>,
  family: MessageFamily<M>,
  options: InboundOptions = {},
): Promise<ConduitAcceptor<M> & { readonly address: string }> {
  const inbound = new InboundConduits(family, options);
  const inbox = new Inbox<Conduit<M>>();
  const handshakes = new AbortController();
  let underway = 0;
  const onLink = async (link: Link) => {
    if (inbox.size + underway >= MAX_WAITING) {
      return link.destroy(new RoamError("closed", "too many connections wait"));
    }
    underway++;
    try {
      const conduit = await inbound.accept(link, handshakes.signal);
      if (handshakes.signal.aborted) conduit?.destroy();
      else if (conduit !== undefined) inbox.push(conduit);
    } catch {
      // Who does not speak the protocol is no news; the link is closed already.
    } finally {
      underway--;
    }
  };
  const listener = await listen((link) => void onLink(link));
  const closed = new RoamError("closed", "the listener is closed");
  return {
    address: listener.address,
    async accept(options) {
      const conduit = await inbox.take(options?.signal);
      if (conduit === null) throw closed;
      return conduit;
    },
    async close() {
      handshakes.abort(closed);
      inbox.end(closed);
      await listener.close();
    },
  };
}
