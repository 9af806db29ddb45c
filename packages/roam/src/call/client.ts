import { channel } from "../channel/pair.ts";
import { Rx } from "../channel/rx.ts";
import { Tx } from "../channel/tx.ts";
import { abortReason, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { asChannel } from "../schema/channel-schema.ts";
import type { MethodDescriptor, Methods, Service } from "../schema/service.ts";
import { Metadata } from "../wire/metadata.ts";
import { CallError } from "./call-error.ts";
import { expectTrace, inheritedBy, setInherited, traceEntries } from "./call-metadata.ts";
import type { CallOptions, CallResult, ClientMethods } from "./call-types.ts";
import type { Caller } from "./caller.ts";
import { CallerCall } from "./caller-call.ts";
import { failChannels } from "./caller-channels.ts";
import { type Middleware, runMiddleware } from "./middleware.ts";
import { OutgoingCall } from "./outgoing-call.ts";
import { pump } from "./pump.ts";

type Args = Record<string, unknown>;
type OnMetadata = (metadata: Metadata) => void;
type Ask = (args: Args, options: CallOptions) => Promise<unknown>;

export interface ClientOptions {
  readonly middleware?: readonly Middleware[];
  /** Deadline of calls that set none themselves (ms). */
  readonly timeoutMs?: number;
}

/** The methods of a service as functions that make calls. */
export function makeClient<M extends Methods>(
  service: Service<M>,
  caller: Caller,
  clock: Clock,
  options: ClientOptions = {},
): ClientMethods<M> {
  caller.services.add(service);
  const client: Record<string, unknown> = {};
  const from: CallsFrom = { caller, clock, options };
  for (const [name, method] of service.descriptors()) {
    // With `then` the client would be taken for a promise; `$` holds what is no method.
    if (name === "then" || name === "$")
      throw new TypeError(`${service.name}.${name} cannot be a client's method`);
    client[name] = clientMethod(from, method);
  }
  return client as ClientMethods<M>;
}

function clientMethod(from: CallsFrom, method: MethodDescriptor): unknown {
  const calls = new MethodCalls(from, method);
  return Object.assign((args?: Args, options?: CallOptions) => calls.call(args, options), {
    result: (args?: Args, options?: CallOptions) => calls.result(args, options),
  });
}

/** What the methods of a client have in common. */
interface CallsFrom {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly options: ClientOptions;
}

/** Makes the calls of one method of a client. */
class MethodCalls {
  readonly #from: CallsFrom;
  readonly #method: MethodDescriptor;
  readonly #channels: readonly ChannelArg[];

  constructor(from: CallsFrom, method: MethodDescriptor) {
    this.#from = from;
    this.#method = method;
    this.#channels = method.hasChannels ? channelArgs(method) : NO_CHANNELS;
  }

  call(args: Args = {}, options: CallOptions = NO_OPTIONS): Promise<unknown> {
    if (!this.#method.hasChannels) return this.#ask(args, options, undefined);
    const { value, ends } = this.#start(args, options, undefined);
    if (ends === undefined) return value;
    // Who reads the channel learns of a failed call there; the promise may be left alone.
    value.catch(() => {});
    return Object.assign(value, ends);
  }

  async result(args: Args = {}, options: CallOptions = NO_OPTIONS): Promise<CallResult<unknown, unknown>> {
    let metadata = Metadata.EMPTY;
    try {
      const { value } = this.#start(args, options, (received) => {
        metadata = received;
      });
      return { ok: true, value: await value, metadata };
    } catch (error) {
      if (error instanceof CallError) return { ok: false, error, metadata: error.metadata };
      throw error;
    }
  }

  #start(args: Args, options: CallOptions, onMetadata: OnMetadata | undefined): Started {
    if (!this.#method.hasChannels) return { value: this.#ask(args, options, onMetadata), ends: undefined };
    const ask: Ask = (given, givenOptions) => this.#askWithChannels(given, givenOptions, onMetadata);
    if (this.#channels.length === 0) return { value: ask(args, options), ends: undefined };
    return withChannels(this.#channels, args, options, ask);
  }

  #ask(args: Args, options: CallOptions, onMetadata: OnMetadata | undefined): Promise<unknown> {
    return request(this.#method, this.#from, args, options, onMetadata);
  }

  async #askWithChannels(
    args: Args,
    options: CallOptions,
    onMetadata: OnMetadata | undefined,
  ): Promise<unknown> {
    try {
      return await this.#ask(args, options, onMetadata);
    } finally {
      // Those that were bound do not notice; the others must not wait for ever.
      failChannels(this.#method, args, new RoamError("closed", "the call ended without being sent"));
    }
  }
}

/** A call under way, with the near ends of the channels that were left out. */
interface Started {
  readonly value: Promise<unknown>;
  readonly ends: Record<string, unknown> | undefined;
}

const NO_OPTIONS: CallOptions = {};

/** Sends one call: deadline, trace and metadata from the options, the call being served, the client. */
function request(
  method: MethodDescriptor,
  { caller, clock, options: client }: CallsFrom,
  args: Args,
  options: CallOptions,
  onMetadata: OnMetadata | undefined,
): Promise<unknown> {
  const { signal } = options;
  const inherited = options.inherit === false ? undefined : inheritedBy(signal);
  const timeoutMs = options.timeoutMs ?? client.timeoutMs;
  let deadlineMs = inherited?.deadlineMs;
  if (timeoutMs !== undefined) {
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs: ${timeoutMs} is not a time`);
    // What is inherited can shrink, never grow.
    const ownMs = Number.isFinite(timeoutMs) ? clock.nowMs() + timeoutMs : undefined;
    if (ownMs !== undefined) deadlineMs = Math.min(ownMs, deadlineMs ?? ownMs);
  }
  let metadata = Metadata.from(options.metadata);
  const trace = options.trace ?? inherited?.trace;
  if (trace !== undefined) {
    expectTrace(trace);
    metadata = metadata.with(...traceEntries(trace));
  }
  const outgoing = new OutgoingCall(method, args, metadata, signal, deadlineMs, onMetadata);
  const { middleware = NO_MIDDLEWARE } = client;
  if (middleware.length === 0) return caller.call(outgoing);
  return throughMiddleware(middleware, caller, outgoing);
}

const NO_MIDDLEWARE: readonly Middleware[] = [];

async function throughMiddleware(
  chain: readonly Middleware[],
  caller: Caller,
  outgoing: OutgoingCall,
): Promise<unknown> {
  const call = new CallerCall(outgoing, caller.via);
  return runMiddleware(chain, call, () => caller.call(call.outgoing));
}

const NO_CHANNELS: readonly ChannelArg[] = [];

interface ChannelArg {
  readonly name: string;
  readonly direction: "tx" | "rx";
}

/** The arguments that are channels themselves; those nested deeper are given as handles. */
function channelArgs(method: MethodDescriptor): readonly ChannelArg[] {
  return method.argFields.flatMap(({ name, schema }) => {
    const node = asChannel(schema);
    return node === undefined ? [] : [{ name, direction: node.direction }];
  });
}

/** Makes the channels that the caller left out, and feeds the ones given as items. */
function withChannels(place: readonly ChannelArg[], given: Args, options: CallOptions, ask: Ask): Started {
  const args = { ...given };
  const ends: Record<string, unknown> = {};
  const received: Rx<unknown>[] = [];
  const sent: Tx<unknown>[] = [];
  const sources: { tx: Tx<unknown>; source: unknown }[] = [];
  for (const { name, direction } of place) {
    const source = given[name];
    if (source instanceof Tx || source instanceof Rx) continue;
    const [tx, rx] = channel<unknown>();
    if (direction === "tx") {
      args[name] = tx;
      ends[name] = rx;
      received.push(rx);
    } else {
      args[name] = rx;
      ends[name] = tx;
      sent.push(tx);
      if (source !== undefined) sources.push({ tx, source });
    }
  }
  const local = new AbortController();
  const onAbort = () => local.abort(abortReason(options.signal as AbortSignal));
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  const inherited = inheritedBy(options.signal);
  if (inherited !== undefined) setInherited(local.signal, inherited);
  const value = ask(args, { ...options, signal: local.signal });
  // A source that throws fails the call with what it threw.
  for (const { tx, source } of sources) {
    void pump(source, tx, (error) => {
      local.abort(error);
      Tx.abandon(tx, new RoamError("aborted", "the items ended with an error", { cause: error }));
    });
  }
  value
    .catch((error: unknown) => {
      const cause =
        error instanceof RoamError
          ? error
          : new RoamError("aborted", "the call was given up", { cause: error });
      for (const rx of received) Rx.abandon(rx, cause);
      for (const tx of sent) Tx.abandon(tx, cause);
    })
    .finally(() => options.signal?.removeEventListener("abort", onAbort));
  return { value, ends };
}
