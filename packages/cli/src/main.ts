import { EXIT, type ExitCode } from "./exit-codes.ts";
import { Stop } from "./io.ts";
import { runProgram } from "./program.ts";

/** Time for calls to be cancelled and sessions closed after Ctrl-C (ms). */
const GRACE_MS = 3_000;

const stop = new AbortController();
const stopOn = (name: NodeJS.Signals, exit: ExitCode) => {
  process.on(name, () => {
    // The second time it is meant: nothing is waited for.
    if (stop.signal.aborted) process.exit(exit);
    stop.abort(new Stop(name, exit));
    setTimeout(() => process.exit(exit), GRACE_MS).unref();
  });
};
stopOn("SIGINT", EXIT.interrupted);
stopOn("SIGTERM", EXIT.terminated);

const { stdin, stdout, stderr, env } = process;
const exit = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal });
// An open standard input, or a module of the user's, would keep the process alive.
process.exit(exit);
