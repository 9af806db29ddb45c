import type { Tap } from "roam/traffic";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure, UsageFailure } from "../failure.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";
import { VERSION } from "../version.ts";
import type { BetweenOptions } from "./between-options.ts";
import { CaptureFile } from "./capture-file.ts";
import { CAPTURE_VERSION, type CaptureLine, capturedMessage } from "./capture-format.ts";
import { counted } from "./counted.ts";
import { documentBetween, runBetween } from "./run-between.ts";

export interface CaptureCommandOptions extends BetweenOptions {
  readonly to?: string;
  readonly force: boolean;
  readonly sessions?: number;
}

/** How often the progress line is drawn anew (ms). */
const PROGRESS_MS = 200;

/** Passes sessions on and writes them to a file until the command is to stop. */
export async function runCapture(
  urls: readonly string[],
  options: CaptureCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const [from = "", to = ""] = urls;
  const { to: path, sessions: most = Number.POSITIVE_INFINITY } = options;
  if (path === undefined)
    throw new UsageFailure("where is it to be written?", "name a file: --to session.jsonl");
  const schema = await documentBetween(to, options, io);
  const stop = new AbortController();
  let failure: Error | undefined;
  const file = new CaptureFile(path, {
    mayOverwrite: options.force,
    onError(error) {
      failure = error;
      stop.abort(error);
    },
  });
  file.write({
    roamCapture: CAPTURE_VERSION,
    madeBy: `roam ${VERSION}`,
    at: new Date().toISOString(),
    from,
    to,
    ...(schema && { schema }),
  });
  file.flush();
  const counts = { messages: 0, sessions: 0, ended: 0 };
  const startedMs = performance.now();
  const now = () => Number((performance.now() - startedMs).toFixed(3));
  const write = (line: CaptureLine) => {
    file.write(line);
    // What cannot be written down does not go on either.
    if (failure !== undefined) throw failure;
  };
  const onSession = (peer: string, session: number): Tap => {
    counts.sessions++;
    write({ t: now(), session, begin: { peer } });
    return {
      onMessage(message, role) {
        counts.messages++;
        write({ t: now(), session, from: role, message: capturedMessage(message) });
      },
      onEnd(role, cause) {
        const end = { from: role, ...(cause === undefined ? {} : { cause: cause.code }) };
        file.write({ t: now(), session, end });
        if (++counts.ended >= most) stop.abort();
      },
    };
  };
  const told = () =>
    `${counted(counts.messages, "message")} of ${counted(counts.sessions, "session")}, ${size(file.bytes)}`;
  const timer = setInterval(() => io.progress(told()), PROGRESS_MS);
  try {
    const signal = AbortSignal.any([io.signal, stop.signal]);
    await runBetween(urls, options, io, {
      signal,
      onSession,
      async onListening(address) {
        if (io.isJson && !from.startsWith("stdio:")) await io.jsonLine({ listening: address, to });
        else
          io.note(
            `listening on ${io.notePaint.cyan(address)}, for ${printable(to)}; Ctrl-C ends the capture`,
          );
      },
    });
  } finally {
    clearInterval(timer);
    file.close();
    io.progress(undefined);
  }
  if (failure !== undefined) throw new Failure(`${path}: ${failure.message}`, { cause: failure });
  if (!io.isJson) io.note(`${path}: ${told()}`);
  return EXIT.ok;
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value.toFixed(1)} ${units[unit]}`;
}
