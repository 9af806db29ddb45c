import type { Link } from "../../link/link.ts";

/** Gives fresh links to the same peer, one per connection attempt. */
// r[impl stable.link-source]
export interface LinkSource {
  /**
   * One attempt.
   *
   * @throws whatever the attempt failed by; it is made again later
   */
  next(options: { readonly signal: AbortSignal }): Promise<Link>;
  /**
   * Calls `retry` when an attempt is worth making at once, whatever the delay: the browser is
   * online again, the tab is visible.
   *
   * @returns what stops it
   */
  onWakeUp?(retry: () => void): () => void;
}
