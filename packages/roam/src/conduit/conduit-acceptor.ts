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
  // Each with a signal of its own: one for all would have as many listeners as there are handshakes.
  const handshakes = new Set<AbortController>();
  const closed = new RoamError("closed", "the listener is closed");
  let isClosed = false;
  const onLink = async (link: Link) => {
    if (isClosed) return link.destroy(closed);
    if (inbox.size + handshakes.size >= MAX_WAITING) {
      return link.destroy(new RoamError("closed", "too many connections wait"));
    }
    const handshake = new AbortController();
    handshakes.add(handshake);
    try {
      const conduit = await inbound.accept(link, handshake.signal);
      if (handshake.signal.aborted) conduit?.destroy();
      else if (conduit !== undefined) inbox.push(conduit);
    } catch {
      // Who does not speak the protocol is no news; the link is closed already.
    } finally {
      handshakes.delete(handshake);
    }
  };
  const listener = await listen((link) => void onLink(link));
  return {
    address: listener.address,
    async accept(options) {
      const conduit = await inbox.take(options?.signal);
      if (conduit === null) throw closed;
      return conduit;
    },
    async close() {
      isClosed = true;
      for (const handshake of handshakes) handshake.abort(closed);
      inbox.end(closed);
      await listener.close();
    },
  };
}
