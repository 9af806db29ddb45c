import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { type IntrospectionClient, openIntrospection } from "roam/introspection";
import { EXIT } from "../exit-codes.ts";
import { Failure, UsageFailure } from "../failure.ts";
import type { Peer } from "../peer.ts";
import { LiveTrace } from "./live-trace.ts";
import type { TraceInput } from "./trace-input.ts";

export interface PeerTraceOptions {
  /** Share of the calls, from 0 to 1. */
  readonly sample: number;
  /** Between two looks at what waits. */
  readonly sampleMs: number;
  /** Payloads of up to so many bytes are told, if the peer allows it. */
  readonly payloadBytes: number;
  /** Where the trace is written, too. */
  readonly out?: string;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** The trace of a peer's sessions as they are, and what became of it. */
export interface PeerTrace {
  readonly input: TraceInput;
  /** Resolves when the peer tells no more, rejects with why it cannot. */
  readonly ended: Promise<void>;
}

/**
 * Asks a peer for a trace, which begins at once.
 *
 * @throws Failure exit 4 for a peer that does not tell
 * @throws UsageFailure if the file for it exists, unless it may be overwritten
 */
export async function peerTrace(peer: Peer, options: PeerTraceOptions): Promise<PeerTrace> {
  const { signal, out } = options;
  const introspection = await openIntrospection(peer.session, { signal });
  if (introspection === undefined) {
    const hint = "serve with introspection, or record with roam capture and open that file";
    throw new Failure(`${peer.url} does not tell what goes on`, { exit: EXIT.peer, hint });
  }
  const file = out === undefined ? undefined : await fileFor(out, options.force);
  const live = new LiveTrace();
  const ended = read(introspection, live, file, options).finally(async () => {
    live.end();
    if (file !== undefined && !file.destroyed) await new Promise<void>((resolve) => file.end(resolve));
  });
  return {
    input: {
      title: peer.url,
      isLive: true,
      open: (gone) => live.read(gone),
      act: (session, act) => introspection.act({ session, act }, { signal }),
    },
    ended,
  };
}

async function read(
  introspection: IntrospectionClient,
  live: LiveTrace,
  file: WriteStream | undefined,
  { sample, sampleMs, payloadBytes, signal }: PeerTraceOptions,
): Promise<void> {
  // A full disk ends the trace: a file with gaps that nobody told of is worth less than none.
  const failed = new AbortController();
  file?.on("error", (error) => failed.abort(error));
  const stop = AbortSignal.any([signal, failed.signal]);
  const asked = { sample, sample_ms: sampleMs, payload_bytes: payloadBytes };
  try {
    const call = introspection.trace(asked, { signal: stop });
    for await (const item of call.out) {
      // Items are whole lines, the last without its end.
      const text = `${item}\n`;
      live.add(text);
      // A slow disk slows the peer's trace down, which then leaves events out and says so.
      if (file !== undefined && !file.write(text)) await once(file, "drain", { signal: stop });
    }
    await call;
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
}

async function fileFor(path: string, mayOverwrite: boolean): Promise<WriteStream> {
  // Payloads are nobody else's business.
  const file = createWriteStream(path, { flags: mayOverwrite ? "w" : "wx", mode: 0o600 });
  try {
    await once(file, "open");
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    throw new UsageFailure(`${path} exists`, "name another file, or overwrite it with --force");
  }
  return file;
}
