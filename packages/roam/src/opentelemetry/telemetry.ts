import {
  type Context,
  context,
  isSpanContextValid,
  type MeterProvider,
  ROOT_CONTEXT,
  SpanKind,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { Middleware, MiddlewareCall } from "../call/middleware.ts";
import type { Session } from "../session/session.ts";
import { abortedOutcome, type CallOutcome, callerOutcome, handlerOutcome, OK } from "./call-outcome.ts";
import { CallSpan } from "./call-span.ts";
import { spanChannels } from "./channel-spans.ts";
import { Instruments } from "./instruments.ts";
import { RPC_METHOD, RPC_SYSTEM_NAME } from "./names.ts";
import { OpenSpans } from "./open-spans.ts";
import { peerAttributes } from "./peer-attributes.ts";
import { SCOPE } from "./scope.ts";
import { spanContextFrom, traceOf } from "./span-context.ts";
import { watchSession } from "./watch-session.ts";

export interface TelemetryOptions {
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider;
  /** Default: the one that is global at the first call or session. */
  readonly meterProvider?: MeterProvider;
}

/**
 * Spans, trace context and metrics of OpenTelemetry for calls. One for any number of clients and
 * servers; without an SDK it hands on the trace context that calls bring, and does nothing else.
 *
 * @example
 * const { middleware, observe } = telemetry();
 * await serve(url, Billing, handlers, { middleware: [middleware], onSession: observe });
 * const billing = await connect(url, Billing, { middleware: [middleware] });
 * observe(billing.$.session);
 */
export function telemetry(options: TelemetryOptions = {}): Telemetry {
  return new Telemetry(options);
}

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #spans = new OpenSpans();
  readonly #observed = new WeakSet<Session>();
  #tracerMade: Tracer | undefined;
  #instrumentsMade: Instruments | undefined;

  /** Use `telemetry`. */
  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  /** First in the list, so that what the others do is within the span. */
  readonly middleware: Middleware = (call, next) =>
    call.side === "caller" ? this.#make(call, next) : this.#serve(call, next);

  /**
   * Counts a session, and tells the spans that are open there when it loses its link, resumes or
   * stalls. Once is enough for each session.
   */
  readonly observe = (session: Session): void => {
    if (session.hasEnded || this.#observed.has(session)) return;
    this.#observed.add(session);
    watchSession(session, this.#spans, this.#instruments);
  };

  // Not before they are needed: whoever sets up an SDK may come after us.
  get #tracer(): Tracer {
    this.#tracerMade ??= (this.#options.tracerProvider ?? trace).getTracer(SCOPE);
    return this.#tracerMade;
  }

  get #instruments(): Instruments {
    this.#instrumentsMade ??= new Instruments(this.#options.meterProvider);
    return this.#instrumentsMade;
  }

  async #make(call: MiddlewareCall, next: () => Promise<unknown>): Promise<unknown> {
    const active = context.active();
    // What the call inherits by its signal is the trace where no context manager keeps another.
    const parent = isInTrace(active) ? active : withRemote(active, call);
    const { span, within } = this.#begin(call, SpanKind.CLIENT, parent);
    return settle(span, within, next, (error) => callerOutcome(error, call.signal));
  }

  async #serve(call: MiddlewareCall, next: () => Promise<unknown>): Promise<unknown> {
    // Messages come in whatever context their socket was opened.
    const parent = withRemote(ROOT_CONTEXT, call);
    const { span, within } = this.#begin(call, SpanKind.SERVER, parent);
    // A signal costs, and what is not recorded can wait for its handler.
    const signal = span.span.isRecording() ? call.signal : undefined;
    const onAbort = () => span.end(abortedOutcome(signal?.reason));
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await settle(span, within, next, handlerOutcome);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** The span of the call, which its trace goes on from, and those of its channels. */
  #begin(call: MiddlewareCall, kind: SpanKind, parent: Context): { span: CallSpan; within: Context } {
    const { side, via } = call;
    const caller = trace.getSpanContext(parent);
    const name = `${call.service}/${call.method}`;
    const peer = peerAttributes(side, via);
    const attributes = { [RPC_SYSTEM_NAME]: "roam", [RPC_METHOD]: name };
    const options = { kind, attributes: { ...attributes, ...peer.span } };
    const started = this.#tracer.startSpan(name, options, parent);
    const isRecording = started.isRecording();
    const own = started.spanContext();
    const goesOn = traceOf(own);
    if (goesOn !== undefined) call.trace = goesOn;
    const within = trace.setSpan(parent, started);
    if (isRecording) {
      const spans = this.#spans;
      spans.add(via, started);
      const linked = side === "handler" && caller !== undefined ? caller : own;
      spanChannels(call, { tracer: this.#tracer, spans, context: within, caller: linked });
    }
    const span = new CallSpan({
      span: started,
      duration: this.#instruments.calls[side],
      attributes: { ...attributes, ...peer.metric },
      onEnd: () => isRecording && this.#spans.delete(via, started),
    });
    return { span, within };
  }
}

function isInTrace(active: Context): boolean {
  const span = trace.getSpanContext(active);
  return span !== undefined && isSpanContextValid(span);
}

function withRemote(base: Context, { trace: remote }: MiddlewareCall): Context {
  return remote === undefined ? base : trace.setSpanContext(base, spanContextFrom(remote));
}

/** Goes on within the span, which ends with what comes of it. */
async function settle(
  span: CallSpan,
  within: Context,
  next: () => Promise<unknown>,
  failedWith: (error: unknown) => CallOutcome,
): Promise<unknown> {
  try {
    const value = await context.with(within, next);
    span.end(OK);
    return value;
  } catch (error) {
    span.end(failedWith(error));
    throw error;
  }
}
