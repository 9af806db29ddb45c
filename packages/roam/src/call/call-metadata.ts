import { Metadata, MetadataEntry } from "../wire/metadata.ts";

const TIMEOUT_KEY = "request-timeout-ms";
const TRACE_PARENT_KEYS = ["traceparent", "trace-parent"];
const TRACE_STATE_KEY = "tracestate";
const TRACE_KEYS: ReadonlySet<string> = new Set([...TRACE_PARENT_KEYS, TRACE_STATE_KEY]);
const TRACE_PARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const LONGEST_MS = Number.MAX_SAFE_INTEGER;

/** W3C trace context. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** What a call hands on to the calls that are made while serving it. */
export interface Inherited {
  /** On the clock of the session, in ms; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
  readonly trace: TraceContext | undefined;
}

// Calls are made with the signal of the call they serve: what is inherited travels with it,
// where a parameter of its own would be forgotten.
const inheritedBySignal = new WeakMap<AbortSignal, Inherited>();

export function setInherited(signal: AbortSignal, inherited: Inherited): void {
  inheritedBySignal.set(signal, inherited);
}

export function inheritedBy(signal: AbortSignal | undefined): Inherited | undefined {
  return signal === undefined ? undefined : inheritedBySignal.get(signal);
}

/**
 * Milliseconds left to a call as its caller says, or undefined. Values that are not a U64 are
 * those of somebody else's key.
 */
// r[impl rpc.x.deadline]
// r[impl rpc.metadata.unknown]
export function timeoutIn(metadata: Metadata): number | undefined {
  const value = metadata.get(TIMEOUT_KEY);
  return typeof value === "bigint" ? Math.min(Number(value), LONGEST_MS) : undefined;
}

export function timeoutEntry(leftMs: number): MetadataEntry {
  return new MetadataEntry(TIMEOUT_KEY, BigInt(Math.min(Math.max(0, Math.ceil(leftMs)), LONGEST_MS)));
}

/** The trace context that a call brings; an invalid one is as good as none. */
// r[impl rpc.x.trace]
export function traceIn(metadata: Metadata): TraceContext | undefined {
  for (const key of TRACE_PARENT_KEYS) {
    const traceparent = metadata.get(key);
    if (typeof traceparent === "string" && isTraceParent(traceparent)) {
      const tracestate = metadata.get(TRACE_STATE_KEY);
      return typeof tracestate === "string" ? { traceparent, tracestate } : { traceparent };
    }
  }
  return undefined;
}

/** @throws RangeError for one that is no W3C trace context */
export function expectTrace({ traceparent }: TraceContext): void {
  if (!isTraceParent(traceparent)) throw new RangeError(`not a W3C traceparent: ${traceparent}`);
}

export function isTraceParent(text: string): boolean {
  return TRACE_PARENT.test(text) && !text.startsWith("ff");
}

/** The metadata with this trace context, or none, in the place of any that is there. */
export function withTrace(metadata: Metadata, trace: TraceContext | undefined): Metadata {
  const others = [...metadata].filter(({ key }) => !TRACE_KEYS.has(key));
  const entries = trace === undefined ? others : [...others, ...traceEntries(trace)];
  return new Metadata(entries);
}

export function traceEntries(trace: TraceContext): MetadataEntry[] {
  const entries = [new MetadataEntry("traceparent", trace.traceparent)];
  if (trace.tracestate !== undefined) entries.push(new MetadataEntry(TRACE_STATE_KEY, trace.tracestate));
  return entries;
}
