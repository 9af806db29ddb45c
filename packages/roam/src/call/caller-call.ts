import type { MessageSink } from "../channel/message-sink.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import { Metadata, type MetadataInit } from "../wire/metadata.ts";
import { expectTrace, type TraceContext, traceIn, withTrace } from "./call-metadata.ts";
import type { MiddlewareCall } from "./middleware.ts";
import { OutgoingCall } from "./outgoing-call.ts";

/** A call that goes through middleware before it is sent. */
export class CallerCall implements MiddlewareCall {
  readonly side = "caller";
  readonly args: Readonly<Record<string, unknown>>;
  readonly via: MessageSink;
  readonly #outgoing: OutgoingCall;
  #metadata: Metadata;

  constructor(outgoing: OutgoingCall, via: MessageSink) {
    // Dropped there when they have been sent.
    this.args = outgoing.args as Record<string, unknown>;
    this.via = via;
    this.#outgoing = outgoing;
    this.#metadata = outgoing.metadata;
  }

  get descriptor(): MethodDescriptor {
    return this.#outgoing.method;
  }

  get service(): string {
    return this.descriptor.service;
  }

  get method(): string {
    return this.descriptor.name;
  }

  get signal(): AbortSignal | undefined {
    return this.#outgoing.signal;
  }

  get metadata(): Metadata {
    return this.#metadata;
  }

  addMetadata(init: MetadataInit): void {
    this.#metadata = this.#metadata.with(...Metadata.from(init));
  }

  get trace(): TraceContext | undefined {
    return traceIn(this.#metadata);
  }

  set trace(trace: TraceContext | undefined) {
    if (trace !== undefined) expectTrace(trace);
    this.#metadata = withTrace(this.#metadata, trace);
  }

  /** The call as it is to be sent: each time a new one, for each is made once. */
  get outgoing(): OutgoingCall {
    const { method, signal, deadlineMs, onMetadata } = this.#outgoing;
    return new OutgoingCall(method, this.args, this.#metadata, signal, deadlineMs, onMetadata);
  }
}
