import { DecodeError, Reader } from "roam-postcard";
import type { ChannelTable } from "../channel/channel-table.ts";
import type { MessageSink } from "../channel/message-sink.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { own } from "../internal/own.ts";
import type { Limits } from "../limits.ts";
import type { Body, Id, Parity, RequestCall, RequestCancel } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import { CallContext } from "./call-context.ts";
import { UserFailure } from "./call-error.ts";
import type { HandledMethod, Handler } from "./handler.ts";
import { HandlerChannels } from "./handler-channels.ts";
import { runMiddleware } from "./middleware.ts";
import { CANCELLED, INVALID_PAYLOAD, okBody, UNKNOWN_METHOD, userErrorBody } from "./response.ts";

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
  readonly handler: Handler | undefined;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly peer: string;
  readonly onHandlerError: OnHandlerError;
  /** A handler started (1) or is done (-1). */
  onRunning(delta: 1 | -1): void;
  /** A call that had waited for its turn turned out to break a rule. */
  onViolation(error: ProtocolError): void;
}

/** A request that has not been answered: waiting for its turn, or being served. */
interface Open {
  readonly request: RequestCall;
  /** When it came, if it had to wait for its turn: its deadline runs from then. */
  readonly arrivedMs: number | undefined;
  context: CallContext | undefined;
  stopDeadline: (() => void) | undefined;
  isAnswered: boolean;
}

/** Serves the calls of one connection: one response for each request, whatever happens. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #open = new Map<Id, Open>();
  /** A Set: a cancelled one leaves from the middle. */
  readonly #queue = new Set<Open>();
  /** Handlers that have not settled; a cancelled one counts until it does. */
  #running = 0;
  #isDead = false;
  #isTakingNext = false;
  /** Set while the session winds up: no new call is served. */
  isDraining = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** @throws ProtocolError for an id that is not the caller's to use, or beyond the queue */
  onCall(request: RequestCall): void {
    this.#checkId(request.id);
    const { limits, clock } = this.#options;
    const state = { context: undefined, stopDeadline: undefined, isAnswered: false };
    if (this.#running < limits.maxConcurrentRequests) {
      const open: Open = { request, arrivedMs: undefined, ...state };
      this.#open.set(request.id, open);
      return this.#serve(open);
    }
    if (this.#queue.size >= 2 * limits.maxConcurrentRequests) {
      const taken = limits.maxConcurrentRequests;
      throw new ProtocolError(
        "rpc.flow-control.max-concurrent-requests",
        `far more calls in flight than the ${taken} announced`,
      );
    }
    const waiting = { ...request, args: own(request.args as Uint8Array) };
    const open: Open = { request: waiting, arrivedMs: clock.nowMs(), ...state };
    this.#open.set(request.id, open);
    this.#queue.add(open);
  }

  // r[impl rpc.request.id-allocation]
  #checkId(id: Id): void {
    const isOdd = typeof id === "bigint" ? (id & 1n) === 1n : id % 2 === 1;
    if (id === 0 || isOdd === (this.#options.parity === "odd")) {
      throw new ProtocolError("rpc.request.id-allocation", `request id ${id} is not the caller's`);
    }
    if (this.#open.has(id))
      throw new ProtocolError("rpc.request.id-allocation", `request id ${id} is in flight already`);
  }

  #serve(open: Open): void {
    const { request } = open;
    const { handler } = this.#options;
    if (this.isDraining) return this.#refuse(open);
    const handled = handler?.find(request.methodLo, request.methodHi);
    if (handled === undefined) {
      this.#abandonChannels(request);
      return this.#answer(open, UNKNOWN_METHOD);
    }
    const channels = handled.method.hasChannels
      ? new HandlerChannels(request.channels, this.#options.channels)
      : undefined;
    const args = this.#decodeArgs(handled, request, channels);
    if (args === undefined) {
      this.#abandonChannels(request);
      return this.#answer(open, INVALID_PAYLOAD);
    }
    this.#run(open, handled, args, channels);
  }

  // r[impl rpc.x.args]
  // r[impl rpc.channel.binding.callee-args]
  #decodeArgs(
    { method }: HandledMethod,
    request: RequestCall,
    channels: HandlerChannels | undefined,
  ): Record<string, unknown> | undefined {
    if (channels === undefined && request.channels.length > 0) return undefined;
    const reader = new Reader(request.args as Uint8Array);
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
    open: Open,
    handled: HandledMethod,
    args: Record<string, unknown>,
    channels: HandlerChannels | undefined,
  ): void {
    const { clock, peer, handler, onRunning, sink } = this.#options;
    const { method, run } = handled;
    const { metadata } = open.request;
    const { arrivedMs } = open;
    const context = new CallContext({ method, args, metadata, peer, via: sink, clock, arrivedMs });
    open.context = context;
    if (context.deadlineMs !== undefined) this.#startDeadline(open, context.deadlineMs);
    if (open.isAnswered) return channels?.end();
    this.#running++;
    onRunning(1);
    const middleware = (handler as Handler).middleware;
    const settle = (body: Body) => {
      onRunning(-1);
      this.#answer(open, body, this.#free);
      // Behind the answer, so that a caller whose call failed learns that first.
      channels?.end();
    };
    let result: unknown;
    let isPending: boolean;
    try {
      result =
        middleware.length === 0
          ? run(args, context)
          : runMiddleware(middleware, context, async () => run(args, context));
      isPending = isThenable(result);
    } catch (error) {
      return settle(this.#failureBody(handled, context, error));
    }
    if (isPending) {
      Promise.resolve(result).then(
        (value) => settle(okBody(method, value)),
        (error: unknown) => settle(this.#failureBody(handled, context, error)),
      );
    } else settle(okBody(method, result));
  }

  #startDeadline(open: Open, deadlineMs: number): void {
    const { clock } = this.#options;
    const leftMs = deadlineMs - clock.nowMs();
    const onExpired = () =>
      this.#cancel(open, new RoamError("deadline-exceeded", "the caller's deadline has passed"));
    if (leftMs <= 0) onExpired();
    else open.stopDeadline = clock.after(leftMs, onExpired);
  }

  // r[impl rpc.x.handler-error]
  #failureBody({ method }: HandledMethod, context: CallContext, error: unknown): Body {
    if (error instanceof UserFailure) {
      const body = userErrorBody(method, error.detail);
      if (body !== undefined) return body;
    }
    // A handler whose receiver or caller has left is expected to fail.
    const hasLeft = context.isAborted || (error instanceof RoamError && error.code === "channel-reset");
    if (!hasLeft) this.#options.onHandlerError(error, { service: method.service, method: method.name });
    return CANCELLED;
  }

  /** The caller does not want the answer any more. An unknown id is one answered already. */
  onCancel(message: RequestCancel): void {
    const open = this.#open.get(message.id);
    if (open !== undefined) this.#cancel(open, new RoamError("cancelled", "the caller cancelled the call"));
  }

  #cancel(open: Open, cause: RoamError): void {
    if (this.#queue.delete(open)) return this.#refuse(open);
    open.context?.abort(cause);
    this.#answer(open, CANCELLED);
  }

  /** A call that no handler will see. */
  #refuse(open: Open): void {
    this.#answer(open, CANCELLED);
    for (const id of open.request.channels) this.#options.channels.refuse(id);
  }

  /** Early items for the channels of a call that cannot be served are of no use any more. */
  #abandonChannels({ channels }: RequestCall): void {
    for (const id of channels) this.#options.channels.abandon(id);
  }

  /** @param onDone the answer is on its way, or there is none to send */
  // r[impl rpc.response.one-per-request]
  #answer(open: Open, body: Body, onDone?: () => void): void {
    if (open.isAnswered) return onDone?.();
    open.isAnswered = true;
    open.stopDeadline?.();
    const { id } = open.request;
    this.#open.delete(id);
    if (this.#isDead) return onDone?.();
    const { sink } = this.#options;
    const { connectionId } = sink;
    const metadata = open.context?.responseMetadata ?? Metadata.EMPTY;
    const onPosted = (error?: unknown) => {
      if (error === undefined) return onDone?.();
      // What the handler returned is not of its type, or too large: the caller still gets one answer.
      const { method = "", service = "" } = open.context ?? {};
      this.#options.onHandlerError(error, { service, method });
      const empty = Metadata.EMPTY;
      sink.post(
        { tag: "RequestResponse", connectionId, id, channels: [], metadata: empty, ret: CANCELLED },
        onDone,
      );
    };
    try {
      checkMetadata(metadata, this.#options.limits);
    } catch (error) {
      return onPosted(error);
    }
    sink.post({ tag: "RequestResponse", connectionId, id, channels: [], metadata, ret: body }, onPosted);
  }

  /**
   * A handler is done and its answer has left. Until then the call counts: a counterpart that
   * does not read its answers must not have any number of them made.
   */
  readonly #free = (): void => {
    this.#running--;
    this.#next();
  };

  #next(): void {
    // A handler that settles at once comes back here: the loop goes on, the stack does not grow.
    if (this.#isTakingNext) return;
    this.#isTakingNext = true;
    try {
      for (const open of this.#queue) {
        if (this.#running >= this.#options.limits.maxConcurrentRequests) break;
        this.#queue.delete(open);
        this.#serve(open);
      }
    } catch (error) {
      // Nobody called who could take it: this is the turn of a handler that settled.
      if (!(error instanceof ProtocolError)) throw error;
      this.#options.onViolation(error);
    } finally {
      this.#isTakingNext = false;
    }
  }

  /** The connection is gone: handlers are told, nobody is answered. */
  fail(cause: RoamError): void {
    this.#isDead = true;
    this.#queue.clear();
    for (const open of [...this.#open.values()]) this.#cancel(open, cause);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
