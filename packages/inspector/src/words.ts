import type { CallOutcome, Wait, WaitCause } from "roam/trace";

/** Who waits for whom, in words. */
export const CAUSES: Readonly<Record<WaitCause, string>> = {
  producer: "waits for the next item from the other side",
  credit: "waits for the consumer on the other side (no credit)",
  consumer: "waits for the consumer here, which has not taken what is there",
  "in-flight-limit": "waits for a free place: the other side takes no more calls in flight",
  answer: "waits for the answer of the other side's handler",
  handler: "the other side waits for the handler here",
  "replay-bound": "waits for an acknowledgement: the replay buffer is full",
  socket: "waits for the link: the other side, or the way to it, does not read",
  link: "waits for a link",
};

export const OUTCOME_WORDS: Readonly<Record<CallOutcome, string>> = {
  ok: "answered",
  error: "answered with the method's error",
  "unknown-method": "unknown method",
  "invalid-payload": "the payload could not be read",
  cancelled: "cancelled",
  indeterminate: "indeterminate: nobody knows whether it ran",
  lost: "lost with its connection",
};

/** `channel 3 of Testbed.sum` */
export function waitText({ what, id, method, count }: Wait): string {
  const which = id === undefined ? (count === 1 ? `1 ${what}` : `${count} ${what}s`) : `${what} ${id}`;
  if (what === "session") return "what the session sends";
  return method === undefined || method === "" ? which : `${which} of ${method}`;
}

const GROUPED = new Intl.NumberFormat("en-US");

/** `1,000,000` */
export function countText(count: number): string {
  return GROUPED.format(Math.round(count));
}

export function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** A length of time, in the unit in which it is read best. */
export function durationText(ms: number): string {
  const length = Math.abs(ms);
  if (length === 0) return "0 ms";
  if (length < 1) return `${digits(ms * 1_000)} µs`;
  if (length < 1_000) return `${digits(ms)} ms`;
  if (length < 120_000) return `${digits(ms / 1_000)} s`;
  return `${digits(ms / 60_000)} min`;
}

/** A time of a trace: as many places behind the point as the span shown is worth. */
export function timeText(ms: number, spanMs = 1): string {
  const places = Math.max(0, Math.min(6, Math.ceil(3 - Math.log10(Math.max(spanMs, 1e-3)))));
  return `${(ms / 1_000).toFixed(places)} s`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${Math.round(bytes)} B`;
  if (bytes < 1_048_576) return `${digits(bytes / 1_024)} KiB`;
  return `${digits(bytes / 1_048_576)} MiB`;
}

/** A number as a plot's axis has it: `1.5k`. */
export function shortText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${digits(value / 1e6)}M`;
  if (size >= 1e3) return `${digits(value / 1e3)}k`;
  return digits(value);
}

/** Three places that mean something, and no more. */
function digits(value: number): string {
  const places = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}
