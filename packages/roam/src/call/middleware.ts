import type { MessageSink } from "../channel/message-sink.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import type { Metadata, MetadataInit } from "../wire/metadata.ts";
import type { TraceContext } from "./call-metadata.ts";

/** One call as middleware sees it; the same shape on both sides. */
export interface MiddlewareCall {
  readonly side: "caller" | "handler";
  readonly service: string;
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** What goes with the call (caller), or came with it (handler). */
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
  /** Who calls, on the handler's side, as its server's `authenticate` found. */
  readonly principal?: unknown;
  /**
   * On the caller: the trace that goes with the call; setting it replaces what would go. On the
   * handler: the one that came; what is set there goes with the calls that are made while serving.
   *
   * @throws RangeError on setting one that is no W3C trace context
   */
  trace: TraceContext | undefined;
  /** @internal */
  readonly descriptor: MethodDescriptor;
  /** @internal The connection that the call goes or came by. */
  readonly via: MessageSink;
  /** On the caller: adds to what goes with the call. On the handler: to what goes with the answer. */
  addMetadata(init: MetadataInit): void;
}

/**
 * Runs around a call. `next()` goes on and gives the method's value, or throws what the call
 * fails with; a middleware may answer in its place, or look at both.
 */
export type Middleware = (call: MiddlewareCall, next: () => Promise<unknown>) => Promise<unknown>;

/** The chain around `last`, outermost first. */
export function runMiddleware(
  chain: readonly Middleware[],
  call: MiddlewareCall,
  last: () => Promise<unknown>,
): Promise<unknown> {
  const run = (index: number): Promise<unknown> => {
    const middleware = chain[index];
    return middleware === undefined ? last() : middleware(call, () => run(index + 1));
  };
  return run(0);
}
