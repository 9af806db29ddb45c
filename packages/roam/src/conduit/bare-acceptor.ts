import { RoamError } from "../errors.ts";
import { Inbox } from "../internal/inbox.ts";
import type { Link, Listener } from "../link/link.ts";
import { BareConduit } from "./bare-conduit.ts";
import type { Conduit, ConduitAcceptor, MessageFamily } from "./conduit.ts";

/** Inbound connections that nobody has accepted yet, at most; further ones are closed. */
const MAX_WAITING = 128;

/** Turns a listener into an acceptor of bare conduits, which need no handshake of their own. */
// r[impl conduit.x.acceptor]
export async function acceptBare<M>(
  listen: (onLink: (link: Link) => void) => Promise<Listener>,
  family: MessageFamily<M>,
): Promise<ConduitAcceptor<M> & { readonly address: string }> {
  const inbox = new Inbox<Conduit<M>>();
  const listener = await listen((link) => {
    if (inbox.size >= MAX_WAITING) link.destroy(new RoamError("closed", "too many connections wait"));
    else inbox.push(new BareConduit(link, family));
  });
  const closed = new RoamError("closed", "the listener is closed");
  return {
    address: listener.address,
    async accept(options) {
      const conduit = await inbox.take(options?.signal);
      if (conduit === null) throw closed;
      return conduit;
    },
    async close() {
      inbox.end(closed);
      await listener.close();
    },
  };
}
