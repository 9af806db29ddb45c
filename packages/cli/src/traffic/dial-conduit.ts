import type { Conduit } from "roam/conduit";
import { openConduit } from "roam/traffic";
import type { Message } from "roam/wire";
import { spawnLink } from "../child-link.ts";
import { UsageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { loggerOf, type PeerOptions, transportOptions } from "../peer.ts";
import { schemeOf, URL_SCHEMES } from "../url.ts";

/**
 * A conduit to a peer, below any session; behind `stdio:` with a command of its own, which ends
 * with the conduit.
 *
 * @throws RoamError if nobody answers within `connectTimeout`
 */
export async function dialConduit(
  url: string,
  options: PeerOptions,
  io: Io,
  signal: AbortSignal,
): Promise<Conduit<Message>> {
  const scheme = checkUrl(url);
  const spawned = scheme === "stdio" ? spawnLink(url) : undefined;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`nobody answered within ${options.connectTimeout} ms`)),
    options.connectTimeout,
  );
  try {
    const conduit = await openConduit(spawned?.link ?? url, {
      signal: AbortSignal.any([signal, late.signal]),
      conduit: options.conduit,
      transport: transportOptions(scheme, options),
      logger: loggerOf(io),
    });
    if (spawned === undefined) return conduit;
    return {
      peer: conduit.peer,
      split: () => conduit.split(),
      destroy(cause) {
        conduit.destroy(cause);
        void spawned.end();
      },
    };
  } finally {
    clearTimeout(timer);
  }
}

/** @throws UsageFailure for what cannot be dialled or listened on */
export function checkUrl(url: string): NonNullable<ReturnType<typeof schemeOf>> {
  const scheme = schemeOf(url);
  if (scheme !== undefined) return scheme;
  throw new UsageFailure(`${JSON.stringify(url)} is not a URL`, `one begins with ${URL_SCHEMES.join(": ")}:`);
}
