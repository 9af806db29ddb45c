import { UserFailure } from "../call/call-error.ts";
import { RoamError } from "../errors.ts";

/** How a call ended, for its span and its duration. */
export interface CallOutcome {
  /** `rpc.status_code`. */
  readonly status: string;
  /** `error.type`: there is one where the span's status is to be ERROR. */
  readonly errorType?: string;
  /** What a handler threw, for its owner's eyes. */
  readonly exception?: Error;
}

export const OK: CallOutcome = { status: "ok" };

/** What a call failed with, where it was made: an error, whatever it is. */
export function callerOutcome(error: unknown, signal: AbortSignal | undefined): CallOutcome {
  if (error instanceof RoamError) return { status: error.code, errorType: error.code };
  if (signal?.aborted) return { status: "aborted", errorType: "aborted" };
  return { status: "error", errorType: typeOf(error) };
}

/**
 * What a handler failed with: an error if it is the handler's. One of its own that the method declares
 * is an answer, and a receiver that left is expected.
 */
export function handlerOutcome(error: unknown): CallOutcome {
  if (error instanceof UserFailure) return { status: "user" };
  if (error instanceof RoamError && error.code === "channel-reset") return { status: "cancelled" };
  return {
    status: "cancelled",
    errorType: error instanceof RoamError ? error.code : typeOf(error),
    ...(error instanceof Error && { exception: error }),
  };
}

/** A call that was answered in its handler's stead: only a deadline is laid at the handler's door. */
export function abortedOutcome(reason: unknown): CallOutcome {
  const code = reason instanceof RoamError ? reason.code : "cancelled";
  return code === "deadline-exceeded" ? { status: code, errorType: code } : { status: code };
}

function typeOf(error: unknown): string {
  return error instanceof Error && error.name !== "" ? error.name : "_OTHER";
}
