import type { Tap } from "roam/traffic";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";
import type { BetweenOptions } from "./between-options.ts";
import { FollowedSession } from "./followed-session.ts";
import { messageJson, messageText, type Passed } from "./message-text.ts";
import { methodIndex } from "./method-index.ts";
import { documentBetween, runBetween } from "./run-between.ts";

export interface ProxyCommandOptions extends BetweenOptions {
  readonly full: boolean;
  readonly all: boolean;
}

/** Passes sessions on and prints what passes. */
export async function runProxy(
  urls: readonly string[],
  options: ProxyCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const [from = "", to = ""] = urls;
  const index = methodIndex(await documentBetween(to, options, io));
  const startedMs = performance.now();
  const write = (passed: Passed) =>
    io.isJson
      ? io.jsonLine(messageJson(passed))
      : io.line(messageText(passed, io.paint, { isFull: options.full }));
  // Standard output belongs to the link then.
  const isQuiet = from.startsWith("stdio:");
  const onSession = (peer: string, session: number): Tap => {
    const followed = new FollowedSession(index);
    if (!io.isJson) io.note(io.notePaint.dim(`#${session} from ${printable(peer)}`));
    return {
      onMessage(message, role) {
        const isShown = options.all || !PULSE.has(message.tag);
        const atMs = performance.now() - startedMs;
        const seen = followed.follow(message, role, atMs);
        if (!isShown) return;
        const passed: Passed = { message, from: role, session, atMs, followed: seen };
        if (isQuiet) return io.note(messageText(passed, io.notePaint, { isFull: options.full }));
        return write(passed);
      },
      onEnd(role, cause) {
        const why = cause === undefined ? "in order" : printable(cause.message);
        if (!io.isJson) io.note(io.notePaint.dim(`#${session} ended by the ${role}, ${why}`));
      },
    };
  };
  await runBetween(urls, options, io, {
    onSession,
    async onListening(address) {
      if (io.isJson && !isQuiet) await io.jsonLine({ listening: address, to });
      else io.note(`listening on ${io.notePaint.cyan(address)}, for ${printable(to)}`);
    },
  });
  return EXIT.ok;
}

/** Seen with `--all` only. */
const PULSE: ReadonlySet<string> = new Set(["Ping", "Pong"]);
