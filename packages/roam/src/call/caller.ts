import type { Reader } from "roam-postcard";
import type { ChannelTable } from "../channel/channel-table.ts";
import type { MessageSink, SendPermit } from "../channel/message-sink.ts";
import { abortReason, asError, ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { WaitLine } from "../internal/wait-line.ts";
import type { Limits } from "../limits.ts";
import type { MethodDescriptor, Service } from "../schema/service.ts";
import type { Body, Id, Parity, RequestCall, RequestResponse } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import { CallError } from "./call-error.ts";
import { timeoutEntry } from "./call-metadata.ts";
import { CallTable } from "./call-table.ts";
import { bindCallerChannels, failChannels } from "./caller-channels.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import { readResponse } from "./response.ts";

export interface CallerOptions {
  readonly sink: MessageSink;
  readonly channels: ChannelTable;
  readonly parity: Parity;
  /** Calls that the counterpart takes in flight. */
  readonly maxConcurrentRequests: number;
  readonly limits: Limits;
  readonly clock: Clock;
}

// One executor for the promises of all calls: a closure for each takes a third of a call's memory.
let resolveNewest: OutgoingCall["resolve"];
let rejectNewest: (error: unknown) => void;
function keepSettlers(resolve: OutgoingCall["resolve"], reject: (error: unknown) => void): void {
  resolveNewest = resolve;
  rejectNewest = reject;
}

/** Makes the calls of one connection: ids, the counterpart's limit, answers, cancellation. */
// r[impl rpc.caller]
// r[impl rpc.pipelining]
export class Caller {
  /** Those that have a client here: names for those who look on. */
  readonly services = new Set<Pick<Service, "descriptors">>();
  readonly #options: CallerOptions;
  readonly #inFlight = new CallTable<OutgoingCall>();
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

  /** What its calls go by. */
  get via(): MessageSink {
    return this.#options.sink;
  }

  /** Calls sent and not answered, given-up ones included. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Calls sent, ever. */
  get made(): number {
    return Math.floor((this.#nextId - 1) / 2);
  }

  /** Calls waiting for the counterpart's limit. */
  get queued(): number {
    return this.#line.length;
  }

  /**
   * Makes a call, once. Arguments are encoded before this returns if nothing has to be waited for.
   *
   * @returns the answer's value
   * @throws CallError the answer's error, `deadline-exceeded`, `queue-full`, `encode`,
   *   `too-large`, or what the connection died of; the signal's reason when aborted
   */
  call(call: OutgoingCall): Promise<unknown> {
    const answer = new Promise(keepSettlers);
    call.resolve = resolveNewest;
    call.reject = rejectNewest;
    this.#start(call);
    return answer;
  }

  #start(call: OutgoingCall): void {
    const { signal } = call;
    if (signal?.aborted) return this.#never(call, abortReason(signal));
    const late = this.#tooLate(call);
    if (late !== undefined) return this.#never(call, late);
    if (this.#line.tryTake()) {
      if (!this.#trySend(call)) void this.#sendLater(call, (waitSignal) => this.#reserve(waitSignal));
      return;
    }
    // r[impl rpc.x.queue]
    const { maxConcurrentRequests, limits } = this.#options;
    if (maxConcurrentRequests === 0) {
      return this.#never(call, error(call.method, "queue-full", "the counterpart takes no calls"));
    }
    if (this.#line.length >= limits.maxQueuedCalls) {
      this.#options.sink.onLimit("maxQueuedCalls");
      return this.#never(call, error(call.method, "queue-full", `${this.#line.length} calls wait already`));
    }
    void this.#sendLater(call, async (waitSignal) => {
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
  async #sendLater(
    call: OutgoingCall,
    wait: (signal: AbortSignal | undefined) => Promise<SendPermit>,
  ): Promise<void> {
    const limited = this.#withDeadline(call);
    let permit: SendPermit;
    try {
      permit = await wait(limited.signal);
    } catch (cause) {
      return this.#never(call, cause);
    } finally {
      limited.clear();
    }
    const late = limited.signal?.aborted ? abortReason(limited.signal) : this.#tooLate(call);
    if (late === undefined) {
      this.#send(call, permit);
    } else {
      permit.release();
      this.#free();
      this.#never(call, late);
    }
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

  /** @returns false if it would have to wait */
  #trySend(call: OutgoingCall): boolean {
    if (!call.method.hasChannels) return this.#send(call, undefined);
    // Channels are bound before the message is made: it must go out then.
    const permit = this.#options.sink.tryReserve();
    return permit !== undefined && this.#send(call, permit);
  }

  /**
   * Sends with a permit, or without one if nothing has to be waited for.
   *
   * @returns false if it would have to wait, and nothing was done
   */
  // r[impl zerocopy.framing.pipeline.outgoing]
  #send(call: OutgoingCall, permit: SendPermit | undefined): boolean {
    const { method, deadlineMs } = call;
    const args = call.args as Record<string, unknown>;
    const { sink, channels, clock, limits } = this.#options;
    // r[impl rpc.request.id-allocation]
    const id = this.#nextId;
    let bound: { ids: readonly Id[]; undo: (cause: RoamError) => void } | undefined;
    let { metadata } = call;
    try {
      if (deadlineMs !== undefined) metadata = metadata.with(timeoutEntry(deadlineMs - clock.nowMs()));
      checkMetadata(metadata, limits);
      if (method.hasChannels) bound = bindCallerChannels(method, args, channels);
      const message: RequestCall = {
        tag: "RequestCall",
        connectionId: sink.connectionId,
        id,
        methodLo: method.idLo,
        methodHi: method.idHi,
        channels: bound === undefined ? NO_IDS : bound.ids,
        metadata,
        args: { value: args, encode: method.argsCodec.encode } as Body,
      };
      if (permit !== undefined) permit.send(message);
      else if (!sink.trySend(message)) return false;
    } catch (thrown) {
      permit?.release();
      this.#free();
      // Misuse by our own user (TypeError, RangeError) is told as it is.
      const cause =
        thrown instanceof RoamError
          ? error(method, thrown.code, thrown.reason, thrown)
          : error(method, "encode", asError(thrown).message, thrown);
      bound?.undo(cause);
      failChannels(method, args, cause);
      call.reject?.(thrown instanceof RoamError ? cause : thrown);
      return true;
    }
    this.#nextId += 2;
    call.id = id;
    call.args = undefined;
    call.unbind = bound?.undo;
    this.#inFlight.add(call);
    if (call.signal !== undefined || deadlineMs !== undefined) this.#watch(call);
    return true;
  }

  #watch(call: OutgoingCall): void {
    const { signal, deadlineMs, method } = call;
    const { clock } = this.#options;
    const onAbort = () => this.#giveUp(call, abortReason(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    const stop =
      deadlineMs === undefined
        ? undefined
        : clock.after(deadlineMs - clock.nowMs(), () => this.#giveUp(call, expired(method)));
    call.stopWatch = () => {
      signal?.removeEventListener("abort", onAbort);
      stop?.();
    };
  }

  /** Nobody waits for the answer any more: say so, and keep the place until it comes. */
  // r[impl rpc.cancel]
  // r[impl rpc.cancel.channels]
  #giveUp(call: OutgoingCall, reason: unknown): void {
    const { id, reject } = call;
    if (reject === undefined || this.#inFlight.get(id) !== call) return;
    call.reject = undefined;
    call.stopWatch?.();
    const { sink, clock, limits } = this.#options;
    sink.post({ tag: "RequestCancel", connectionId: sink.connectionId, id, metadata: Metadata.EMPTY });
    // A published peer may lose the answer to a cancelled call: the place is not lost with it.
    call.stopWatch = clock.after(limits.cancelGraceMs, () => {
      this.#inFlight.remove(call);
      this.#free();
    });
    reject(reason);
  }

  /** @throws ProtocolError for a request that was never made */
  // r[impl rpc.response.one-per-request]
  onResponse(message: RequestResponse): void {
    const call = this.#inFlight.get(message.id);
    if (call === undefined) return this.#expectOnceAsked(message.id);
    this.#inFlight.remove(call);
    call.stopWatch?.();
    this.#free();
    if (call.reject === undefined) return;
    let value: unknown;
    try {
      value = readResponse(call.method, message.ret as Reader, message.metadata);
    } catch (cause) {
      if (cause instanceof CallError && NEVER_SERVED.has(cause.code)) call.unbind?.(cause);
      call.reject(cause);
      return;
    }
    call.onMetadata?.(message.metadata);
    call.resolve(value);
  }

  /** Answered or given up before: a late second answer is dropped. */
  #expectOnceAsked(id: Id): void {
    const isOurs = typeof id === "number" && id > 0 && id < this.#nextId && (this.#nextId - id) % 2 === 0;
    if (isOurs) return;
    throw new ProtocolError("rpc.response.one-per-request", `a response to ${id}, which was never asked`);
  }

  /** The connection is gone: everything settles, once. */
  // r[impl session.x.teardown]
  fail(cause: RoamError): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    this.#line.fail(cause);
    for (const { method, stopWatch, reject } of this.#inFlight.clear()) {
      stopWatch?.();
      reject?.(error(method, cause.code, cause.reason, cause));
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
  #never(call: OutgoingCall, thrown: unknown): void {
    const cause =
      thrown instanceof RoamError && !(thrown instanceof CallError)
        ? error(call.method, thrown.code, thrown.reason, thrown)
        : thrown;
    const channelCause =
      cause instanceof RoamError ? cause : new RoamError("aborted", "the call was not sent", { cause });
    failChannels(call.method, call.args as Record<string, unknown>, channelCause);
    call.reject?.(cause);
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
