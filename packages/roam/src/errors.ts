/**
 * Why something failed. The first four came from the counterpart's answer to a call, the rest
 * were found here. Codes are API; messages are not.
 */
export type RoamErrorCode =
  | "user" // the handler answered with the method's own error, in `detail`
  | "unknown-method"
  | "invalid-payload"
  | "cancelled"
  | "encode" // a value does not fit its schema
  | "decode" // bytes are not what their schema says
  | "too-large" // above a limit in bytes
  | "deadline-exceeded"
  | "queue-full" // more calls wait than the queue takes
  | "channel-reset" // the receiver does not want more items
  | "rejected" // the counterpart declined a virtual connection
  | "handshake" // no session came to be
  | "schema-mismatch" // the two sides describe the service differently
  | "protocol-error" // the counterpart broke a rule, or says that we did
  | "keepalive" // a Ping stayed unanswered
  | "session-lost" // a resume was refused: unacknowledged messages are gone
  | "io" // the transport failed
  | "shm-unavailable" // no shared memory here: the package or the platform is missing
  | "closed" // ended in order, by either side
  | "aborted"; // by an AbortSignal that gave no reason

/** Every error this library throws on purpose, misuse (TypeError, RangeError) aside. */
// r[impl conduit.x.errors]
export class RoamError extends Error {
  override readonly name: string = "RoamError";
  readonly code: RoamErrorCode;
  /** The message without the code. */
  readonly reason: string;

  constructor(code: RoamErrorCode, reason: string, options?: ErrorOptions) {
    super(`[${code}] ${reason}`, options);
    this.code = code;
    this.reason = reason;
  }
}

/** A rule of the contract was broken; the whole session is torn down. */
export class ProtocolError extends RoamError {
  override readonly name: string = "ProtocolError";
  /** Id of the rule, such as `session.handshake`; empty if only the counterpart knows it. */
  readonly rule: string;

  constructor(rule: string, message: string, options?: ErrorOptions) {
    super("protocol-error", message, options);
    this.rule = rule;
  }
}

/** Whatever was thrown, as an error to use as a cause. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What an aborted wait rejects with: the signal's reason. */
export function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new RoamError("aborted", "aborted");
}
