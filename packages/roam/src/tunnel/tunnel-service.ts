import { t } from "roam-postcard";
import { rx, tx } from "../channel/channel-types.ts";
import { knownIds } from "../schema/known-identity.ts";
import { method } from "../schema/service.ts";

/** Metadata `service` of the open that asks for a tunnel, and the service that is there. */
export const TUNNEL_NAME = "Tunnel";

/** One link inside a session, on a virtual connection of its own. */
export const Tunnel = knownIds(
  TUNNEL_NAME,
  {
    /** Bytes of a stream link in pieces of any size, in both directions, until either side is done. */
    open: method({ up: rx(t.bytes), down: tx(t.bytes) }),
  },
  // Known, so that nobody needs a hash for it.
  { open: 0xe0de_5caa_4220_7c7en },
);
