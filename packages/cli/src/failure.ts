import type { RoamErrorCode } from "roam";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { JsonError } from "./json/json-path.ts";

export interface FailureOptions extends ErrorOptions {
  readonly exit?: ExitCode;
  /** What the user can try. */
  readonly hint?: string;
  /** For programs that read `--json` (default `failed`). */
  readonly code?: string;
}

/** What a command ends with when it cannot do what it was asked to. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  readonly code: string;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = options.exit ?? EXIT.failed;
    this.hint = options.hint;
    this.code = options.code ?? CODES[this.exit] ?? "failed";
  }
}

/** The command line, or what it names, makes no sense. */
export class UsageFailure extends Failure {
  override readonly name = "UsageFailure";

  constructor(message: string, hint?: string) {
    super(message, { exit: EXIT.usage, ...(hint === undefined ? {} : { hint }) });
  }
}

const CODES: Partial<Record<ExitCode, string>> = {
  [EXIT.usage]: "usage",
  [EXIT.peer]: "peer",
  [EXIT.timeout]: "timeout",
};

type Known = readonly [exit: ExitCode, hint?: string];

/** Codes of the runtime, and what helps. */
const RUNTIME: Readonly<Record<RoamErrorCode, Known>> = {
  user: [EXIT.userError],
  "unknown-method": [
    EXIT.peer,
    "the peer has no method of this signature: compare the two with roam diff, or list what it has with roam ls; a service on a virtual connection needs --virtual",
  ],
  "invalid-payload": [EXIT.peer, "the peer could not read the arguments: compare the schemas with roam diff"],
  cancelled: [EXIT.peer, "the handler failed or was stopped: the log of the peer says why"],
  encode: [EXIT.usage],
  decode: [EXIT.peer, "the peer's types differ from the schema's: compare the two with roam diff"],
  "too-large": [EXIT.peer, "the value is above a limit of this side or of the peer"],
  "deadline-exceeded": [EXIT.timeout, "give it more time with --timeout"],
  "queue-full": [EXIT.failed],
  "channel-reset": [EXIT.peer, "the peer wanted no more items"],
  rejected: [EXIT.peer, "the peer declined a virtual connection: roam ls shows what it serves"],
  handshake: [EXIT.peer, "is there a Roam peer at this address, and is the transport the right one?"],
  "schema-mismatch": [EXIT.peer, "compare the two sides with roam diff"],
  "protocol-error": [EXIT.peer],
  keepalive: [EXIT.peer],
  "session-lost": [EXIT.peer, "the peer was restarted or gave the session up: try again"],
  io: [EXIT.peer, "is the peer running, and is the address right?"],
  "shm-unavailable": [EXIT.failed, "shared memory needs the package koffi, and Linux or macOS"],
  closed: [EXIT.peer, "the peer ended the session: its log may say why"],
  aborted: [EXIT.failed],
};

/** Whatever was thrown, as what the user is told. Recognised by form: a module may bring its own runtime. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return new Failure(String(error));
  if (error instanceof JsonError) return new Failure(error.message, { exit: EXIT.usage, cause: error });
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof code === "string" && typeof reason === "string" && Object.hasOwn(RUNTIME, code)) {
    const [exit, hint] = RUNTIME[code as RoamErrorCode];
    return new Failure(reason, { exit, code, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
  if (typeof code === "string" && "syscall" in error)
    return new Failure(systemText(error), { code, cause: error });
  // Misuse that the runtime found: an address without a port, a service without handlers.
  if (error instanceof TypeError || error instanceof RangeError) {
    return new Failure(error.message, { exit: EXIT.usage, cause: error });
  }
  return new Failure(error.message, { cause: error });
}

function systemText(error: Error): string {
  const { code, path } = error as { code?: string; path?: string };
  const known: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "that may not be read or written",
    EISDIR: "that is a directory",
    EADDRINUSE: "the address is in use",
  };
  const what = known[code ?? ""];
  if (what !== undefined) return `${path ?? error.message}: ${what}`;
  // A write that fails says why, but not where.
  return path === undefined || error.message.includes(path) ? error.message : `${path}: ${error.message}`;
}
