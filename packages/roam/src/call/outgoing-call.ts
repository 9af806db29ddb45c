import type { RoamError } from "../errors.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import type { Metadata } from "../wire/metadata.ts";

type Args = Record<string, unknown>;

/**
 * One call: what is asked, and what has become of it. One object for all of it, for a call is
 * what there are most of.
 */
export class OutgoingCall {
  readonly method: MethodDescriptor;
  /** Dropped when they have been sent. */
  args: Args | undefined;
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
  /** On the session's clock; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
  /** Told the metadata of a good answer, ahead of its value. */
  readonly onMetadata: ((metadata: Metadata) => void) | undefined;
  /** 0 until it is sent. */
  id = 0;
  resolve: (value: unknown) => void = NOBODY;
  /** Undefined when it was given up: nobody waits, the answer is still to come. */
  reject: ((error: unknown) => void) | undefined = undefined;
  /** Stops what watches its signal and deadline; after it was given up, the wait for the answer. */
  stopWatch: (() => void) | undefined = undefined;
  /** Fails the call's channels, which nobody has at the other end. */
  unbind: ((cause: RoamError) => void) | undefined = undefined;

  constructor(
    method: MethodDescriptor,
    args: Args,
    metadata: Metadata,
    signal: AbortSignal | undefined,
    deadlineMs: number | undefined,
    onMetadata: ((metadata: Metadata) => void) | undefined,
  ) {
    this.method = method;
    this.args = args;
    this.metadata = metadata;
    this.signal = signal;
    this.deadlineMs = deadlineMs;
    this.onMetadata = onMetadata;
  }
}

function NOBODY(): void {}
