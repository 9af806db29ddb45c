import type { ClientMethods } from "../call/call-types.ts";
import { makeClient } from "../call/client.ts";
import { channel } from "../channel/pair.ts";
import { asError, RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { Session } from "../session/session.ts";
import { linkThrough } from "./tunnel-link.ts";
import { TUNNEL_NAME, Tunnel } from "./tunnel-service.ts";

/**
 * A link inside a session, to the server that is at its other end: whoever gets it has a session of its own
 * there, as if it had dialled. Both must have been made for it: `serve(…, { tunnels: true })`.
 *
 * @throws RoamError `rejected` if the peer has no tunnels; what the session died of; the signal's reason
 */
export async function openTunnel(
  session: Session,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Link> {
  const connection = await session.openConnection({ ...options, metadata: { [SERVICE_KEY]: TUNNEL_NAME } });
  const client: ClientMethods<(typeof Tunnel)["methods"]> = makeClient(
    Tunnel,
    connection.caller,
    session.clock,
  );
  const [outgoing, up] = channel<Uint8Array>();
  const [down, incoming] = channel<Uint8Array>();
  const close = () => session.closeConnection(connection.connectionId);
  // In order: the peer reads to the end before it answers, and would not if this came first.
  const onOver = (isInOrder: boolean) => void (isInOrder || close());
  const link = linkThrough({ outgoing, incoming, onOver }, { peer: `${session.peer} (tunnel)` });
  client
    .open({ up, down })
    .then(close, (error) => link.destroy(new RoamError("io", asError(error).message, { cause: error })));
  return link;
}
