/** What a development peer can be asked to do with one of its sessions. */
export type Act = "cut" | "pause" | "resume";

/** Where the page has its trace from. */
export interface TraceSource {
  /** Shown in the page's head: a file's name, a URL. */
  readonly title: string;
  /** True if it goes on while it is looked at. */
  readonly isLive: boolean;
  /** JSON lines as `docs/trace-format.md` has them, cut anywhere; ends where the trace does. */
  readonly chunks: AsyncIterable<string | Uint8Array>;
  /** Does it to the session that the trace calls so; false where the peer does not allow it. */
  readonly act?: (session: number, act: Act) => Promise<boolean>;
}
