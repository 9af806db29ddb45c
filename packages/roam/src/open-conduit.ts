import { transports } from "#transports";
import { BareConduit } from "./conduit/bare-conduit.ts";
import type { Conduit } from "./conduit/conduit.ts";
import type { ConduitChoice } from "./conduit/inbound-conduits.ts";
import type { Backoff } from "./conduit/stable/backoff.ts";
import type { LinkSource } from "./conduit/stable/link-source.ts";
import { connectStable, SilentPeerError } from "./conduit/stable/stable-initiator.ts";
import type { Clock } from "./internal/clock.ts";
import type { Limits } from "./limits.ts";
import type { Link } from "./link/link.ts";
import { consoleLogger, type Logger } from "./logger.ts";
import { messageFamily } from "./session/message-family.ts";
import type { DialOptions } from "./transports/dial.ts";
import type { Message } from "./wire/message.ts";

/** What can be connected to: a URL, a link that is there, or a source of links to one peer. */
export type Target = string | Link | LinkSource;

export interface OpenOptions {
  /**
   * Default auto: a URL or a source gets a stable conduit, which survives its links, and a bare
   * one if the peer hangs up on that; a link, and stdio, of which there is one only, are bare.
   */
  readonly conduit?: ConduitChoice;
  /** How a stable conduit comes back after it lost its link. */
  readonly reconnect?: Partial<Backoff>;
  /** Options of the transport: those of `node:tls` for `tls:`, of `ws` for `ws:` in Node. */
  readonly transport?: object;
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** From 0 to 1; spreads the attempts to reconnect. */
  readonly random?: () => number;
  /** Aborts the first connection. */
  readonly signal?: AbortSignal;
}

/**
 * Dials, and shakes hands as a stable conduit does where it may.
 *
 * @throws RoamError `io` if nobody answers, `handshake` if the peer does not answer as one; the
 *   signal's reason
 * @throws TypeError for a stable conduit on what cannot be dialled again
 */
export async function openConduit(target: Target, options: OpenOptions): Promise<Conduit<Message>> {
  const { conduit = "auto", signal = new AbortController().signal } = options;
  const source = sourceOf(target, options);
  if (source === undefined) {
    if (conduit === "stable") throw new TypeError("a stable conduit needs a URL or a source of links");
    return new BareConduit(await linkOf(target as string | Link, options), messageFamily);
  }
  if (conduit !== "bare") {
    try {
      const { reconnect, limits, clock, random } = options;
      return await connectStable(source, {
        family: messageFamily,
        signal,
        ...(reconnect && { reconnect }),
        ...(limits && { limits }),
        ...(clock && { clock }),
        ...(random && { random }),
      });
    } catch (error) {
      if (conduit === "stable" || !(error instanceof SilentPeerError)) throw error;
      (options.logger ?? consoleLogger).warn(
        {},
        "the peer speaks bare conduits only: lost links end the session",
      );
    }
  }
  return new BareConduit(await source.next({ signal }), messageFamily);
}

function sourceOf(target: Target, { transport, limits }: OpenOptions): LinkSource | undefined {
  if (typeof target !== "string") return "next" in target ? target : undefined;
  if (target.startsWith("stdio:")) return undefined;
  const options = { ...(transport && { transport }), ...(limits && { limits }) };
  const next: LinkSource["next"] = ({ signal }) => transports.dial(target, { ...options, signal });
  return transports.onWakeUp === undefined ? { next } : { next, onWakeUp: transports.onWakeUp };
}

function linkOf(target: string | Link, options: OpenOptions): Promise<Link> | Link {
  return typeof target === "string" ? transports.dial(target, options as DialOptions) : target;
}
