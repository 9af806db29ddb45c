import type { MessageSink } from "../channel/message-sink.ts";
import type { RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import { Metadata, type MetadataInit } from "../wire/metadata.ts";
import { type CallChannel, callChannels } from "./call-channels.ts";
import { expectTrace, setInherited, type TraceContext, timeoutIn, traceIn } from "./call-metadata.ts";
import type { MiddlewareCall } from "./middleware.ts";

/** What the calls of one connection have in common. */
export interface ServingPlace {
  readonly sink: MessageSink;
  readonly clock: Clock;
  readonly peer: string;
  readonly principal?: unknown;
}

/**
 * A call being served, for its handler. `signal` aborts when the caller cancels, the deadline
 * passes or the connection is lost; calls made with it inherit the time left and the trace.
 */
export class CallContext implements MiddlewareCall {
  readonly side = "handler";
  readonly #method: MethodDescriptor;
  /** In the form that the handler takes. */
  args: Readonly<Record<string, unknown>>;
  readonly metadata: Metadata;
  /** When the caller stops waiting, on the session's clock (ms); undefined without a deadline. */
  readonly deadlineMs: number | undefined;
  readonly #place: ServingPlace;
  #controller: AbortController | undefined;
  #abortedWith: { readonly cause: unknown } | undefined;
  #responseMetadata = Metadata.EMPTY;
  /** Set in the place of the one that the call brought. */
  #trace: TraceContext | undefined;

  /** @param arrivedMs on the clock: the deadline that the call brings counts from then, or from now */
  constructor(
    method: MethodDescriptor,
    args: Readonly<Record<string, unknown>>,
    metadata: Metadata,
    place: ServingPlace,
    arrivedMs: number | undefined,
  ) {
    this.#method = method;
    this.args = args;
    this.metadata = metadata;
    this.#place = place;
    const timeoutMs = metadata.size === 0 ? undefined : timeoutIn(metadata);
    this.deadlineMs = timeoutMs === undefined ? undefined : (arrivedMs ?? place.clock.nowMs()) + timeoutMs;
  }

  /** Who calls, for logs. */
  get peer(): string {
    return this.#place.peer;
  }

  /** Who calls, as the server's `authenticate` found; undefined without one. */
  get principal(): unknown {
    return this.#place.principal;
  }

  /** @internal `callBack` makes calls there. */
  get via(): MessageSink {
    return this.#place.sink;
  }

  /** @internal */
  get descriptor(): MethodDescriptor {
    return this.#method;
  }

  get service(): string {
    return this.#method.service;
  }

  get method(): string {
    return this.#method.name;
  }

  /** Milliseconds until the deadline; undefined without one. */
  get timeLeftMs(): number | undefined {
    return this.deadlineMs === undefined
      ? undefined
      : Math.max(0, this.deadlineMs - this.#place.clock.nowMs());
  }

  /** The channels in its arguments, for those who wait for their ends; found anew each time. */
  get channels(): readonly CallChannel[] {
    return callChannels(this);
  }

  /** The trace that the call belongs to: what it brought, or what middleware set in its place. */
  get trace(): TraceContext | undefined {
    return this.#trace ?? traceIn(this.metadata);
  }

  set trace(trace: TraceContext | undefined) {
    if (trace !== undefined) expectTrace(trace);
    this.#trace = trace;
    if (this.#controller !== undefined) this.#handOn(this.#controller.signal);
  }

  // Made when first asked for: most handlers never look at it, and it is not cheap.
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#handOn(this.#controller.signal);
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith.cause);
    }
    return this.#controller.signal;
  }

  #handOn(signal: AbortSignal): void {
    setInherited(signal, { deadlineMs: this.deadlineMs, trace: this.trace });
  }

  get isAborted(): boolean {
    return this.#abortedWith !== undefined;
  }

  /** Goes back with the answer. */
  get responseMetadata(): Metadata {
    return this.#responseMetadata;
  }

  addMetadata(init: MetadataInit): void {
    this.#responseMetadata = this.#responseMetadata.with(...Metadata.from(init));
  }

  /** @internal */
  abort(cause: RoamError): void {
    if (this.#abortedWith !== undefined) return;
    this.#abortedWith = { cause };
    this.#controller?.abort(cause);
  }
}
