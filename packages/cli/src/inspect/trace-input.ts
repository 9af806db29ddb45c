/** What the page is given: a trace, from a file or as it happens. */
export interface TraceInput {
  /** For the page's head. */
  readonly title: string;
  readonly isLive: boolean;
  /**
   * The trace from its first line on, for one reader: JSON lines, cut anywhere.
   *
   * @param signal aborts when nobody reads any more
   */
  open(signal: AbortSignal): AsyncIterable<string | Uint8Array>;
  /** Does something to a session, by its number in the trace; false where that is not allowed. */
  readonly act?: (session: number, act: string) => Promise<boolean>;
}
