import { spawn } from "node:child_process";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { failureOf, UsageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { openPeer, type Peer, type PeerOptions } from "../peer.ts";
import { printable } from "../printable.ts";
import { stopped } from "../traffic/run-between.ts";
import { schemeOf } from "../url.ts";
import { fileTrace } from "./file-trace.ts";
import { inspectorPage } from "./inspector-page.ts";
import { startInspectorServer } from "./inspector-server.ts";
import { peerTrace } from "./peer-trace.ts";
import type { TraceInput } from "./trace-input.ts";

export interface InspectOptions extends PeerOptions {
  readonly port: number;
  readonly open: boolean;
  readonly out?: string;
  readonly force: boolean;
  readonly sample: number;
  /** Milliseconds. */
  readonly sampleTime: number;
  /** Bytes. */
  readonly payload: number;
}

/** Serves the inspector's page with a trace, until Ctrl-C. */
export async function runInspect(source: string, options: InspectOptions, io: Io): Promise<ExitCode> {
  const isPeer = schemeOf(source) !== undefined;
  if (!isPeer && options.out !== undefined)
    throw new UsageFailure("--out is for peers", "copy the file instead");
  const page = inspectorPage();
  let peer: Peer | undefined;
  try {
    let input: TraceInput;
    if (isPeer) {
      peer = await openPeer(source, options, io);
      const trace = await peerTrace(peer, {
        sample: options.sample,
        sampleMs: options.sampleTime,
        payloadBytes: options.payload,
        force: options.force,
        signal: io.signal,
        ...(options.out !== undefined && { out: options.out }),
      });
      trace.ended.then(
        () => io.note("the peer tells no more; the page shows what there is"),
        (error: unknown) => {
          if (!io.signal.aborted) io.note(`the trace is over: ${printable(failureOf(error).message)}`);
        },
      );
      input = trace.input;
    } else input = await fileTrace(source);
    await using server = await startInspectorServer({ port: options.port, page, input });
    await tell(server.address, options, io);
    await stopped(io.signal);
  } finally {
    await peer?.close();
  }
  io.signal.throwIfAborted();
  return EXIT.ok;
}

async function tell(address: string, { open }: InspectOptions, io: Io): Promise<void> {
  if (io.isJson) await io.jsonLine({ address });
  else {
    await io.line(address);
    io.note(io.notePaint.dim("open it in a browser; Ctrl-C ends"));
  }
  if (!open) return;
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(opener, [address], { stdio: "ignore", detached: true });
  child.once("error", () => io.note(`${opener} is not there: open the address yourself`));
  child.unref();
}
