import { DecodeError, Reader } from "roam-postcard";
import type { ChannelTable } from "../channel/channel-table.ts";
import type { MessageSink } from "../channel/message-sink.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { ownRest } from "../internal/own.ts";
import type { Limits } from "../limits.ts";
import type { Body, Id, Parity, RequestCall, RequestCancel, RequestResponse } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import { CallContext } from "./call-context.ts";
import { UserFailure } from "./call-error.ts";
import type { CallLine, CallPlaces } from "./call-places.ts";
import { checkRequestId, type Dispatching } from "./dispatching.ts";
import type { HandledMethod, Handler } from "./handler.ts";
import { HandlerChannels } from "./handler-channels.ts";
import { runMiddleware } from "./middleware.ts";
import { CANCELLED, INVALID_PAYLOAD, UNKNOWN_METHOD } from "./response.ts";

/** A handler failed by something that is not its method's own error: for the owner's eyes only. */
export type OnHandlerError = (
  error: unknown,
  call: { readonly service: string; readonly method: string },
) => void;

export interface DispatcherOptions {
  readonly sink: MessageSink;
  readonly channels: ChannelTable;
  /** Ours on the connection: requests come with the other one. */
  readonly parity: Parity;
  readonly handler: Handler;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly peer: string;
  readonly principal?: unknown;
  /** Where handlers of all sessions are counted together. */
  readonly places?: CallPlaces | undefined;
  readonly onHandlerError: OnHandlerError;
  /** So many bytes more (or fewer) wait here. */
  onBuffered(deltaBytes: number): void;
  /** A handler started (1) or is done (-1). */
  onRunning(delta: 1 | -1): void;
  /** A call that had waited for its turn turned out to break a rule. */
  onViolation(error: ProtocolError): void;
}

/** A request that waits for its turn. */
interface Queued {
  readonly request: RequestCall;
  readonly bytes: number;
  /** When it came, for its deadline runs from then. */
  readonly arrivedMs: number;
}

/** A request whose handler has not settled. */
interface Served {
  readonly request: RequestCall;
  readonly context: CallContext;
  stopDeadline: (() => void) | undefined;
  /** It was answered in its handler's stead. */
  isAnswered: boolean;
}

/** Serves the calls of one connection: one response for each request, whatever happens. */
export class Dispatcher implements Dispatching, CallLine {
  readonly #options: DispatcherOptions;
  /** A handler that settles at once is never in here: nothing can come in between. */
  readonly #served = new Map<Id, Served>();
  readonly #queue = new Map<Id, Queued>();
  /** Handlers that have not settled, or whose answer has not left; a cancelled one counts until it has. */
  #running = 0;
  #received = 0;
  #failed = 0;
  #failure: RoamError | undefined;
  #isTakingNext = false;
  /** Set while the session winds up: no new call is served. */
  #isDraining = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get received(): number {
    return this.#received;
  }

  get failed(): number {
    return this.#failed;
  }

  drain(): void {
    this.#isDraining = true;
    const queued = [...this.#queue.values()];
    this.#clearQueue();
    for (const { request } of queued) this.#refuse(request);
  }

  onCall(request: RequestCall): void {
    this.#checkId(request.id);
    this.#received++;
    const { limits, clock, places } = this.#options;
    const taken = limits.maxConcurrentRequests;
    if (this.#running < taken && (places === undefined || places.hasRoom)) {
      return this.#serve(request, undefined);
    }
    if (this.#queue.size >= 2 * taken) {
      throw new ProtocolError(
        "rpc.flow-control.max-concurrent-requests",
        `far more calls in flight than the ${taken} announced`,
      );
    }
    if (this.#isDraining) return this.#refuse(request);
    if (places?.tryWait(this) === false) {
      this.#options.sink.onLimit("maxWaitingCalls");
      return this.#refuse(request);
    }
    const args = ownRest(request.args as Reader);
    this.#options.onBuffered(args.length);
    this.#queue.set(request.id, {
      request: { ...request, args: new Reader(args) },
      bytes: args.length,
      arrivedMs: clock.nowMs(),
    });
  }

  /** Takes a call out of the queue. */
  #take(id: Id, { bytes }: Queued): void {
    this.#queue.delete(id);
    this.#options.onBuffered(-bytes);
  }

  // r[impl rpc.request.id-allocation]
  #checkId(id: Id): void {
    checkRequestId(id, this.#options.parity);
    if (this.#served.has(id) || this.#queue.has(id)) {
      throw new ProtocolError("rpc.request.id-allocation", `request id ${id} is in flight already`);
    }
  }

  /** @param arrivedMs when it came, if it had to wait */
  #serve(request: RequestCall, arrivedMs: number | undefined): void {
    const { handler, channels: table } = this.#options;
    if (this.#isDraining) return this.#refuse(request);
    const handled = handler.find(request.methodLo, request.methodHi);
    if (handled === undefined) return this.#dismiss(request, UNKNOWN_METHOD);
    const channels = handled.method.hasChannels ? new HandlerChannels(request.channels, table) : undefined;
    const args = this.#decodeArgs(handled, request, channels);
    if (args === undefined) return this.#dismiss(request, INVALID_PAYLOAD);
    this.#run(request, arrivedMs, handled, args, channels);
  }

  // r[impl rpc.x.args]
  // r[impl rpc.channel.binding.callee-args]
  #decodeArgs(
    { method }: HandledMethod,
    request: RequestCall,
    channels: HandlerChannels | undefined,
  ): Record<string, unknown> | undefined {
    if (channels === undefined && request.channels.length > 0) return undefined;
    const reader = request.args as Reader;
    reader.context = channels;
    let args: Record<string, unknown>;
    try {
      args = method.argsCodec.decode(reader);
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
    return channels === undefined || channels.bindAll() ? args : undefined;
  }

  #run(
    request: RequestCall,
    arrivedMs: number | undefined,
    handled: HandledMethod,
    args: Record<string, unknown>,
    channels: HandlerChannels | undefined,
  ): void {
    const { handler } = this.#options;
    const { method, run, adapt } = handled;
    const context = new CallContext(method, args, request.metadata, this.#options, arrivedMs);
    this.#running++;
    this.#options.places?.onStarted();
    if (context.timeLeftMs === 0) return this.#expire(request, context, channels);
    const { middleware } = handler;
    let body: Body;
    try {
      const given = adapt === undefined ? args : adapt(args);
      if (adapt !== undefined) context.args = given;
      const result =
        middleware.length === 0
          ? run(given, context)
          : runMiddleware(middleware, context, async () => run(given, context));
      if (isThenable(result)) return this.#await({ request, context, handled, channels, result });
      body = handled.answers.ok(result);
    } catch (error) {
      body = this.#failureBody(handled, context, error);
    }
    this.#answer(request.id, context, body, this.#free);
    // Behind the answer, so that a caller whose call failed learns that first.
    channels?.end();
  }

  /** Its time was over before it was its turn. */
  #expire(request: RequestCall, context: CallContext, channels: HandlerChannels | undefined): void {
    this.#failed++;
    context.abort(expired());
    this.#answer(request.id, context, CANCELLED, this.#free);
    channels?.end();
  }

  /** Waits for a handler that did not settle at once. */
  #await(waiting: {
    request: RequestCall;
    context: CallContext;
    handled: HandledMethod;
    channels: HandlerChannels | undefined;
    result: PromiseLike<unknown>;
  }): void {
    const { request, context, handled, channels, result } = waiting;
    const { onRunning } = this.#options;
    const served: Served = { request, context, stopDeadline: undefined, isAnswered: false };
    const settle = (body: Body) => {
      onRunning(-1);
      if (served.isAnswered) this.#free();
      else {
        this.#over(served);
        this.#answer(request.id, context, body, this.#free);
      }
      channels?.end();
    };
    this.#served.set(request.id, served);
    onRunning(1);
    const { timeLeftMs } = context;
    if (timeLeftMs !== undefined) {
      served.stopDeadline = this.#options.clock.after(timeLeftMs, () => this.#cancel(served, expired()));
    }
    Promise.resolve(result).then(
      (value) => settle(handled.answers.ok(value)),
      (error: unknown) => settle(this.#failureBody(handled, context, error)),
    );
    // The handler may have ended the session before it began to wait.
    if (this.#failure !== undefined) this.#cancel(served, this.#failure);
  }

  // r[impl rpc.x.handler-error]
  #failureBody({ method, answers }: HandledMethod, context: CallContext, error: unknown): Body {
    // A call that was cancelled has been counted.
    if (!context.isAborted) this.#failed++;
    if (error instanceof UserFailure) {
      if (answers.userError !== undefined) return answers.userError(error.detail);
    }
    // A handler whose receiver or caller has left is expected to fail.
    const hasLeft = context.isAborted || (error instanceof RoamError && error.code === "channel-reset");
    if (!hasLeft) this.#options.onHandlerError(error, { service: method.service, method: method.name });
    return CANCELLED;
  }

  onCancel({ id }: RequestCancel): void {
    const queued = this.#queue.get(id);
    if (queued !== undefined) {
      this.#take(id, queued);
      this.#options.places?.onLeft(this, 1);
      return this.#refuse(queued.request);
    }
    const served = this.#served.get(id);
    if (served !== undefined)
      this.#cancel(served, new RoamError("cancelled", "the caller cancelled the call"));
  }

  #cancel(served: Served, cause: RoamError): void {
    const { request, context } = served;
    this.#over(served);
    this.#failed++;
    context.abort(cause);
    this.#answer(request.id, context, CANCELLED, nothing);
  }

  /** Its answer is on its way: the id may be used again. */
  #over(served: Served): void {
    served.isAnswered = true;
    served.stopDeadline?.();
    this.#served.delete(served.request.id);
  }

  /** A call that no handler will see. */
  #refuse({ id, channels }: RequestCall): void {
    this.#failed++;
    this.#answer(id, undefined, CANCELLED, nothing);
    for (const channel of channels) this.#options.channels.refuse(channel);
  }

  /** A call that cannot be served: early items for its channels are of no use any more. */
  #dismiss({ id, channels }: RequestCall, body: Body): void {
    this.#failed++;
    for (const channel of channels) this.#options.channels.abandon(channel);
    this.#answer(id, undefined, body, nothing);
  }

  /** @param onLeft the answer is on its way, or there is nobody to send it to */
  // r[impl rpc.response.one-per-request]
  #answer(id: Id, context: CallContext | undefined, body: Body, onLeft: () => void): void {
    if (this.#failure !== undefined) return onLeft();
    const { sink, limits } = this.#options;
    const metadata = context === undefined ? Metadata.EMPTY : context.responseMetadata;
    const answer = responseOf(sink, id, metadata, body);
    try {
      checkMetadata(metadata, limits);
      if (sink.tryPost(answer)) return onLeft();
    } catch (error) {
      return this.#answerFailed(id, context, error, onLeft);
    }
    sink.post(answer, (error) => {
      if (error === undefined) onLeft();
      else this.#answerFailed(id, context, error, onLeft);
    });
  }

  /** What the handler returned is not of its type, or too large: the caller still gets one answer. */
  #answerFailed(id: Id, context: CallContext | undefined, error: unknown, onLeft: () => void): void {
    this.#failed++;
    const { sink, onHandlerError } = this.#options;
    const { method = "", service = "" } = context ?? {};
    onHandlerError(error, { service, method });
    sink.post(responseOf(sink, id, Metadata.EMPTY, CANCELLED), onLeft);
  }

  /**
   * A handler is done and its answer has left. Until then the call counts: a counterpart that
   * does not read its answers must not have any number of them made.
   */
  readonly #free = (): void => {
    this.#running--;
    const { places } = this.#options;
    if (places !== undefined) places.onDone();
    else if (this.#queue.size > 0) this.#next();
  };

  /** @internal */
  get isReady(): boolean {
    return this.#running < this.#options.limits.maxConcurrentRequests;
  }

  /** @internal */
  serveNext(): void {
    for (const [id, queued] of this.#queue) {
      this.#take(id, queued);
      try {
        this.#serve(queued.request, queued.arrivedMs);
      } catch (error) {
        // Nobody called who could take it: this is the turn of a handler that settled.
        if (!(error instanceof ProtocolError)) throw error;
        this.#options.onViolation(error);
      }
      return;
    }
  }

  #next(): void {
    // A handler that settles at once comes back here: the loop goes on, the stack does not grow.
    if (this.#isTakingNext) return;
    this.#isTakingNext = true;
    try {
      while (this.#queue.size > 0 && this.isReady) this.serveNext();
    } finally {
      this.#isTakingNext = false;
    }
  }

  fail(cause: RoamError): void {
    this.#failure = cause;
    this.#clearQueue();
    for (const served of [...this.#served.values()]) this.#cancel(served, cause);
  }

  #clearQueue(): void {
    this.#options.places?.onLeft(this, this.#queue.size);
    for (const [id, queued] of this.#queue) this.#take(id, queued);
  }
}

const NO_IDS: readonly Id[] = [];

function nothing(): void {}

function responseOf({ connectionId }: MessageSink, id: Id, metadata: Metadata, ret: Body): RequestResponse {
  return { tag: "RequestResponse", connectionId, id, channels: NO_IDS, metadata, ret };
}

function expired(): RoamError {
  return new RoamError("deadline-exceeded", "the caller's deadline has passed");
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
