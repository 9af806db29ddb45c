import { type Transports, unknownScheme } from "./dial.ts";
import { onWakeUp } from "./wake-up.ts";
import { dialWebSocket } from "./websocket.ts";

/** A browser dials WebSockets; it cannot listen. */
export const transports: Transports = {
  async dial(url, { signal }) {
    if (!/^wss?:/.test(url)) throw unknownScheme(url, "ws: and wss:");
    return dialWebSocket(url, signal === undefined ? {} : { signal });
  },
  onWakeUp,
  async listen(url) {
    throw unknownScheme(url, "nothing to listen on");
  },
};
