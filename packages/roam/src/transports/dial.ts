import type { Limits } from "../limits.ts";
import type { Link, Listener } from "../link/link.ts";

/** What transports may want to know beyond the address. */
export interface DialOptions {
  readonly signal?: AbortSignal;
  /**
   * In Node: options of `node:tls` for `tls:`; of the package `ws` to dial `ws:` and `wss:`, of
   * `listenWebSocket` to listen there (`wss:` needs its `tls`).
   */
  readonly transport?: object;
  /** For transports that hold a message whole before the session sees it. */
  readonly limits?: Partial<Limits>;
}

export type ListenOptions = Omit<DialOptions, "signal">;

/** The transports of one platform, by URL. */
export interface Transports {
  /**
   * @throws RoamError `io` if nobody answers
   * @throws TypeError for a URL that the platform has no transport for
   */
  dial(url: string, options: DialOptions): Promise<Link>;
  listen(url: string, options: ListenOptions, onLink: (link: Link) => void): Promise<Listener>;
  /**
   * Calls `retry` when a failed dial is worth repeating at once.
   *
   * @returns what stops it
   */
  onWakeUp?(this: void, retry: () => void): () => void;
}

export function unknownScheme(url: string, known: string): TypeError {
  return new TypeError(`no transport for ${JSON.stringify(url)}: this platform has ${known}`);
}
