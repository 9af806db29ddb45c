import { type ChildProcess, spawn } from "node:child_process";
import type { Link } from "roam/link";
import { childLink } from "roam/stdio";
import { EXIT } from "./exit-codes.ts";
import { Failure, UsageFailure } from "./failure.ts";
import { splitWords } from "./split-words.ts";

/** Time for a command to end by itself once its link is closed, and then after SIGTERM (ms). */
const END_MS = 1_000;

/** A link to a command's standard input and output; its standard error is ours. */
export interface SpawnedLink {
  readonly link: Link;
  /** Rejects when the command cannot be started or ends with a failure; never resolves. */
  readonly failed: Promise<never>;
  /** Ends the command: by the end of its input, then by SIGTERM, then by SIGKILL. */
  end(): Promise<void>;
}

/** @param url `stdio:COMMAND`, its words as a shell's but without expansion */
export function spawnLink(url: string): SpawnedLink {
  const text = url.slice("stdio:".length);
  const [command, ...args] = splitWords(text);
  if (command === undefined) {
    throw new UsageFailure("stdio: names no command", 'write stdio:COMMAND, as in "stdio:./server --stdio"');
  }
  // A process group of its own: Ctrl-C is for us, who cancel first.
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", (cause) => reject(notStarted(command, cause)));
    child.once("exit", (code, signal) => {
      if (code !== 0) reject(diedOf(command, code, signal));
    });
  });
  failed.catch(() => {});
  return { link: childLink(child), failed, end: () => end(child, ended) };
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.end();
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), END_MS);
    });
    const how = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (how !== "late") return;
    try {
      // The whole group: a shell passes no signals on.
      process.kill(-child.pid, signal);
    } catch {
      child.kill(signal);
    }
  }
  await ended;
}

function notStarted(command: string, cause: Error): Failure {
  const what = (cause as { code?: string }).code === "ENOENT" ? "there is no such program" : cause.message;
  return new Failure(`cannot start ${command}: ${what}`, { exit: EXIT.peer, cause });
}

function diedOf(command: string, code: number | null, signal: string | null): Failure {
  const how = signal === null ? `status ${code}` : signal;
  return new Failure(`${command} ended with ${how}`, {
    exit: EXIT.peer,
    hint: "a server behind stdio: speaks the protocol on standard output and writes its logs to standard error",
  });
}
