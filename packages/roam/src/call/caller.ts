import type { ChannelTable } from "../channel/channel-table.ts";
import type { MessageSink, SendPermit } from "../channel/message-sink.ts";
import { abortReason, asError, ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { WaitLine } from "../internal/wait-line.ts";
import type { Limits } from "../limits.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import type { Body, Id, Parity, RequestResponse } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import { CallError } from "./call-error.ts";
import { timeoutEntry } from "./call-metadata.ts";
import { bindCallerChannels, failChannels } from "./caller-channels.ts";
import { readResponse } from "./response.ts";

/** One call to be made. */
export interface OutgoingCall {
  readonly method: MethodDescriptor;
  readonly args: Record<string, unknown>;
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
  /** On the session's clock; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
}

/** What an answer brought. */
export interface Answer {
  readonly value: unknown;
  readonly metadata: Metadata;
}

interface Pending {
  readonly method: MethodDescriptor;
  /** Fails the call's channels, which nobody has at the other end. */
  readonly unbind: ((cause: RoamError) => void) | undefined;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** A call in flight: with somebody waiting, or given up and not yet answered. */
type InFlight = { pending: Pending | undefined; cancelTimer: (() => void) | undefined };

export interface CallerOptions {
  readonly sink: MessageSink;
  readonly channels: ChannelTable;
  readonly parity: Parity;
  /** Calls that the counterpart takes in flight. */
  readonly maxConcurrentRequests: number;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** Makes the calls of one connection: ids, the counterpart's limit, answers, cancellation. */
// r[impl rpc.caller]
// r[impl rpc.pipelining]
export class Caller {
  readonly #options: CallerOptions;
  readonly #inFlight = new Map<Id, InFlight>();
  readonly #line: WaitLine;
  #nextId: number;
  #slots = 0;
  #failure: RoamError | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#nextId = options.parity === "odd" ? 1 : 2;
    // r[impl rpc.flow-control.max-concurrent-requests]
    this.#line = new WaitLine(() => {
      if (this.#slots >= options.maxConcurrentRequests) return false;
      this.#slots++;
      return true;
    });
  }

  /** Calls sent and not answered, given-up ones included. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Calls waiting for the counterpart's limit. */
  get queued(): number {
    return this.#line.length;
  }

  /**
   * Makes a call. Arguments are encoded before this returns if nothing has to be waited for.
   *
   * @throws CallError the answer's error, `deadline-exceeded`, `queue-full`, `encode`,
   *   `too-large`, or what the connection died of; the signal's reason when aborted
   */
  call(call: OutgoingCall): Promise<Answer> {
    const { signal } = call;
    if (signal?.aborted) return this.#never(call, abortReason(signal));
    const late = this.#tooLate(call);
    if (late !== undefined) return this.#never(call, late);
    if (this.#line.tryTake()) {
      const permit = this.#options.sink.tryReserve();
      if (permit !== undefined) {
        return new Promise((resolve, reject) => this.#send(call, permit, resolve, reject));
      }
      return this.#afterWait(call, this.#reserve.bind(this));
    }
    // r[impl rpc.x.queue]
    const { maxConcurrentRequests, limits } = this.#options;
    if (maxConcurrentRequests === 0) {
      return this.#never(call, error(call.method, "queue-full", "the counterpart takes no calls"));
    }
    if (this.#line.length >= limits.maxQueuedCalls) {
      return this.#never(call, error(call.method, "queue-full", `${this.#line.length} calls wait already`));
    }
    return this.#afterWait(call, async (waitSignal) => {
      await this.#line.take(waitSignal);
      return this.#reserve(waitSignal);
    });
  }

  /** A permit for a call that holds a slot; the slot is given back if there is none. */
  async #reserve(signal: AbortSignal | undefined): Promise<SendPermit> {
    try {
      return this.#options.sink.tryReserve() ?? (await this.#options.sink.reserve(signal));
    } catch (cause) {
      this.#free();
      throw cause;
    }
  }

  /** Waits for a permit, no longer than the call's signal and deadline allow, then sends. */
  async #afterWait(
    call: OutgoingCall,
    wait: (signal: AbortSignal | undefined) => Promise<SendPermit>,
  ): Promise<Answer> {
    const limited = this.#withDeadline(call);
    let permit: SendPermit;
    try {
      permit = await wait(limited.signal);
    } catch (cause) {
      return this.#never(call, cause);
    } finally {
      limited.clear();
    }
    if (limited.signal?.aborted) {
      permit.release();
      this.#free();
      return this.#never(call, abortReason(limited.signal));
    }
    const late = this.#tooLate(call);
    if (late !== undefined) {
      permit.release();
      this.#free();
      return this.#never(call, late);
    }
    return new Promise((resolve, reject) => this.#send(call, permit, resolve, reject));
  }

  #withDeadline(call: OutgoingCall): { signal: AbortSignal | undefined; clear: () => void } {
    const { deadlineMs, signal } = call;
    if (deadlineMs === undefined) return { signal, clear: () => {} };
    const controller = new AbortController();
    const { clock } = this.#options;
    const stop = clock.after(deadlineMs - clock.nowMs(), () => controller.abort(expired(call.method)));
    const onAbort = () => controller.abort(abortReason(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    return {
      signal: controller.signal,
      clear: () => {
        stop();
        signal?.removeEventListener("abort", onAbort);
      },
    };
  }

  // r[impl zerocopy.framing.pipeline.outgoing]
  #send(
    call: OutgoingCall,
    permit: SendPermit,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ): void {
    const { method, args, deadlineMs } = call;
    const { sink, channels, clock, limits } = this.#options;
    // r[impl rpc.request.id-allocation]
    const id = this.#nextId;
    let bound: { ids: readonly Id[]; undo: (cause: RoamError) => void } | undefined;
    let metadata = call.metadata;
    try {
      if (deadlineMs !== undefined) metadata = metadata.with(timeoutEntry(deadlineMs - clock.nowMs()));
      checkMetadata(metadata, limits);
      if (method.hasChannels) bound = bindCallerChannels(method, args, channels);
      permit.send({
        tag: "RequestCall",
        connectionId: sink.connectionId,
        id,
        methodLo: method.idLo,
        methodHi: method.idHi,
        channels: bound === undefined ? NO_IDS : bound.ids,
        metadata,
        args: { value: args, encode: method.argsCodec.encode } as Body,
      });
    } catch (thrown) {
      permit.release();
      this.#free();
      // Misuse by our own user (TypeError, RangeError) is told as it is.
      const cause =
        thrown instanceof RoamError
          ? error(method, thrown.code, thrown.reason, thrown)
          : error(method, "encode", asError(thrown).message, thrown);
      bound?.undo(cause);
      failChannels(method, args, cause);
      reject(thrown instanceof RoamError ? cause : thrown);
      return;
    }
    this.#nextId += 2;
    this.#watch(id, call, { method, unbind: bound?.undo, resolve, reject });
  }

  #watch(id: number, { signal, deadlineMs }: OutgoingCall, asked: Pending): void {
    if (signal === undefined && deadlineMs === undefined) {
      this.#inFlight.set(id, { pending: asked, cancelTimer: undefined });
      return;
    }
    const { method } = asked;
    const { clock } = this.#options;
    const onAbort = () => this.#giveUp(id, abortReason(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    const stop =
      deadlineMs === undefined
        ? undefined
        : clock.after(deadlineMs - clock.nowMs(), () => this.#giveUp(id, expired(method)));
    const clear = () => {
      signal?.removeEventListener("abort", onAbort);
      stop?.();
    };
    const pending: Pending = {
      ...asked,
      resolve: (answer) => {
        clear();
        asked.resolve(answer);
      },
      reject: (cause) => {
        clear();
        asked.reject(cause);
      },
    };
    this.#inFlight.set(id, { pending, cancelTimer: undefined });
  }

  /** Nobody waits for the answer any more: say so, and keep the place until it comes. */
  // r[impl rpc.cancel]
  // r[impl rpc.cancel.channels]
  #giveUp(id: number, reason: unknown): void {
    const call = this.#inFlight.get(id);
    if (call?.pending === undefined) return;
    const { pending } = call;
    call.pending = undefined;
    const { sink, clock, limits } = this.#options;
    sink.post({ tag: "RequestCancel", connectionId: sink.connectionId, id, metadata: Metadata.EMPTY });
    // A published peer may lose the answer to a cancelled call: the place is not lost with it.
    call.cancelTimer = clock.after(limits.cancelGraceMs, () => {
      this.#inFlight.delete(id);
      this.#free();
    });
    pending.reject(reason);
  }

  /** @throws ProtocolError for a request that was never made */
  // r[impl rpc.response.one-per-request]
  onResponse(message: RequestResponse): void {
    const call = this.#inFlight.get(message.id);
    if (call === undefined) {
      const isOurs =
        typeof message.id === "number" && message.id > 0 && (this.#nextId - message.id) % 2 === 0;
      // Answered or given up before: a late second answer is dropped.
      if (isOurs && (message.id as number) < this.#nextId) return;
      throw new ProtocolError(
        "rpc.response.one-per-request",
        `a response to ${message.id}, which was never asked`,
      );
    }
    this.#inFlight.delete(message.id);
    call.cancelTimer?.();
    this.#free();
    const { pending } = call;
    if (pending === undefined) return;
    let value: unknown;
    try {
      value = readResponse(pending.method, message.ret as Uint8Array, message.metadata);
    } catch (cause) {
      if (cause instanceof CallError && NEVER_SERVED.has(cause.code)) pending.unbind?.(cause);
      pending.reject(cause);
      return;
    }
    pending.resolve({ value, metadata: message.metadata });
  }

  /** The connection is gone: everything settles, once. */
  // r[impl session.x.teardown]
  fail(cause: RoamError): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    this.#line.fail(cause);
    const calls = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const { pending, cancelTimer } of calls) {
      cancelTimer?.();
      pending?.reject(error(pending.method, cause.code, cause.reason, cause));
    }
  }

  #free(): void {
    this.#slots--;
    this.#line.serve();
  }

  /** Why a call cannot be sent any more, if so: the connection is gone, or its time. */
  #tooLate({ method, deadlineMs }: OutgoingCall): CallError | undefined {
    const cause = this.#failure;
    if (cause !== undefined) return error(method, cause.code, cause.reason, cause);
    const isExpired = deadlineMs !== undefined && deadlineMs <= this.#options.clock.nowMs();
    return isExpired ? expired(method) : undefined;
  }

  /** A call that is not sent: its channels must not wait for ever either. */
  // r[impl rpc.channel.binding.caller-args]
  #never(call: OutgoingCall, thrown: unknown): Promise<never> {
    const cause =
      thrown instanceof RoamError && !(thrown instanceof CallError)
        ? error(call.method, thrown.code, thrown.reason, thrown)
        : thrown;
    const channelCause =
      cause instanceof RoamError ? cause : new RoamError("aborted", "the call was not sent", { cause });
    failChannels(call.method, call.args, channelCause);
    return Promise.reject(cause);
  }
}

const NO_IDS: readonly Id[] = [];
/** Answers that say that no handler has seen the call, nor its channels. */
const NEVER_SERVED: ReadonlySet<string> = new Set(["unknown-method", "invalid-payload"]);

function error(
  method: MethodDescriptor,
  code: RoamError["code"],
  message: string,
  cause?: unknown,
): CallError {
  return new CallError(code, `${method.service}.${method.name}`, message, { cause });
}

function expired(method: MethodDescriptor): CallError {
  return error(method, "deadline-exceeded", "the deadline has passed");
}
