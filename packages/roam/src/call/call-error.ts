import { RoamError, type RoamErrorCode } from "../errors.ts";
import { Metadata } from "../wire/metadata.ts";

/** A call failed; the connection and every other call on it go on. */
// r[impl rpc.error.scope]
// r[impl rpc.fallible.roam-error]
export class CallError<E = unknown> extends RoamError {
  override readonly name: string = "CallError";
  /** `Service.method`. */
  readonly method: string;
  /** The method's own error; only with code `user`. */
  readonly detail: E;
  /** What came with the answer. */
  readonly metadata: Metadata;

  constructor(
    code: RoamErrorCode,
    method: string,
    message: string,
    options: { detail?: E; metadata?: Metadata; cause?: unknown } = {},
  ) {
    super(code, `${method}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.method = method;
    this.detail = options.detail as E;
    this.metadata = options.metadata ?? Metadata.EMPTY;
  }
}

/** Thrown by a handler to answer with the method's own error. */
export class UserFailure extends Error {
  override readonly name: string = "UserFailure";
  readonly detail: unknown;

  constructor(detail: unknown) {
    super("the method's own error");
    this.detail = detail;
  }
}

/**
 * Ends a handler with the method's own error, of the type that the service declares.
 *
 * @example lookup: async ({ id }) => (await find(id)) ?? fail("NotFound")
 */
export function fail(detail: unknown): never {
  throw new UserFailure(detail);
}
