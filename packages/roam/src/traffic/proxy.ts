import { transports } from "#transports";
import type { Conduit } from "../conduit/conduit.ts";
import { InboundConduits, type InboundOptions } from "../conduit/inbound-conduits.ts";
import { asError, RoamError } from "../errors.ts";
import { systemClock } from "../internal/clock.ts";
import { asyncDispose } from "../internal/dispose.ts";
import { withLimits } from "../limits.ts";
import type { Link } from "../link/link.ts";
import { consoleLogger, type Logger } from "../logger.ts";
import { messageFamily } from "../session/message-family.ts";
import type { Message } from "../wire/message.ts";
import { ProxiedSession, type Tap } from "./proxied-session.ts";

export interface ProxyOptions extends Omit<InboundOptions, "authenticate"> {
  /** Of the transport that is listened on, as for `serve`. */
  readonly transport?: object;
  /** Listens to a session that begins; nothing of it has passed yet. */
  readonly onSession?: (peer: string) => Tap | undefined;
  readonly logger?: Logger;
}

/** A proxy on an address. */
export interface ProxyServer extends AsyncDisposable {
  /** As one would dial it, with the real port. */
  readonly address: string;
  /** Sessions alive. */
  readonly sessions: ReadonlySet<ProxiedSession>;
  /** Stops listening and ends all sessions; what was read goes on. */
  close(): Promise<void>;
}

/**
 * Passes sessions on to another peer, whole: calls, channels, virtual connections and keepalive,
 * their payloads undecoded, no schema needed. The links of the two sides are their own: either may
 * be stable. Metadata flagged NO_PROPAGATE does not go on.
 *
 * @param dial gives the far side of each session, as `openConduit` does
 * @throws RoamError `io` if the address cannot be had
 */
// r[impl session.x.proxy]
export async function proxy(
  url: string,
  dial: (signal: AbortSignal) => Promise<Conduit<Message>>,
  options: ProxyOptions = {},
): Promise<ProxyServer> {
  const { logger = consoleLogger, clock = systemClock, onSession } = options;
  const { maxPayloadBytes } = withLimits(options.limits);
  const inbound = new InboundConduits(messageFamily, options);
  const sessions = new Set<ProxiedSession>();
  const opening = new Set<Promise<void>>();
  const closing = new AbortController();
  const { signal } = closing;
  const join = async (link: Link) => {
    const near = await inbound.accept(link, signal);
    if (near === undefined) return;
    let far: Conduit<Message>;
    try {
      far = await dial(signal);
    } catch (error) {
      const { peer } = near;
      logger.warn({ peer }, `${peer}: the far side cannot be reached: ${asError(error).message}`);
      near.destroy(new RoamError("io", "the far side cannot be reached", { cause: error }));
      return;
    }
    if (signal.aborted) {
      near.destroy();
      far.destroy();
      return;
    }
    const session = new ProxiedSession(near, far, { tap: onSession?.(near.peer), clock, maxPayloadBytes });
    sessions.add(session);
    void session.ended.then(() => sessions.delete(session));
  };
  const listener = await transports.listen(url, options, (link) => {
    if (signal.aborted) return link.destroy();
    // Somebody who does not speak the protocol is no news; the link is closed already.
    const joined = join(link).catch(() => {});
    opening.add(joined);
    void joined.finally(() => opening.delete(joined));
  });
  const close = async () => {
    closing.abort(new RoamError("closed", "the proxy is closing"));
    const closed = listener.close();
    await Promise.all([...opening, ...[...sessions].map((session) => session.close())]);
    await closed;
  };
  return { address: listener.address, sessions, close, [asyncDispose]: close };
}
