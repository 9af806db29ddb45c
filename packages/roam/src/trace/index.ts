export type { WaitCause } from "../session/session-waits.ts";
export { countMethods } from "./count-methods.ts";
export { type Trace, type TraceOptions, trace, traceHead } from "./trace.ts";
export * from "./trace-event.ts";
