/** What the command exits with; one table for every command, printed by `roam --help`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  userError: 3,
  peer: 4,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "a difference was found, or something failed here"],
  [EXIT.usage, "the command line, a file that it names or an argument of a call makes no sense"],
  [EXIT.userError, "the service answered with an error of its own type"],
  [EXIT.peer, "no connection, or the peer did not serve the call, or broke the protocol"],
  [EXIT.timeout, "no answer within --timeout"],
  [EXIT.interrupted, "Ctrl-C; calls under way were cancelled on the wire"],
  [EXIT.terminated, "SIGTERM; as with Ctrl-C"],
];
