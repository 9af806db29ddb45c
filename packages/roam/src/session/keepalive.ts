import type { Id } from "../wire/message.ts";

export interface KeepaliveOptions {
  /** Time from one Pong to the next Ping (ms). */
  readonly intervalMs: number;
  /** Time that its Pong may take (ms); once more if this process itself stood still when it was due. */
  readonly timeoutMs: number;
}

/** `idle` waits to send the next Ping; `waiting` for the Pong to the one that is out. */
export type KeepaliveState =
  | { readonly kind: "idle"; readonly nextNonce: number; readonly pingAtMs: number }
  | {
      readonly kind: "waiting";
      readonly nonce: number;
      readonly sentAtMs: number;
      readonly dueAtMs: number;
      /** The Pong was given its time again, for this process had stood still. */
      readonly isSecondTime?: true;
    };

export type KeepaliveEffect =
  | { readonly kind: "ping"; readonly nonce: number }
  | { readonly kind: "dead" }
  | { readonly kind: "round-trip"; readonly ms: number };

export interface KeepaliveStep {
  readonly state: KeepaliveState;
  readonly effects: readonly KeepaliveEffect[];
}

/** A timer that runs so much too late (ms) tells of a process that stood still: stopped, suspended or busy. */
const STOOD_STILL_MS = 50;

export function startKeepalive(options: KeepaliveOptions, nowMs: number): KeepaliveState {
  return { kind: "idle", nextNonce: 1, pingAtMs: nowMs + options.intervalMs };
}

/** When something is to happen next without a message. */
export function keepaliveDueMs(state: KeepaliveState): number {
  return state.kind === "idle" ? state.pingAtMs : state.dueAtMs;
}

/** Time has passed. One Ping is out at a time. Pure. */
// r[impl session.keepalive]
export function onKeepaliveTime(
  state: KeepaliveState,
  options: KeepaliveOptions,
  nowMs: number,
): KeepaliveStep {
  if (nowMs < keepaliveDueMs(state)) return { state, effects: [] };
  if (state.kind === "waiting") {
    // The Pong may be here, and nobody was there to read it: that is not the counterpart's fault.
    const stoodStill = nowMs - state.dueAtMs >= STOOD_STILL_MS;
    if (!stoodStill || state.isSecondTime) return { state, effects: [{ kind: "dead" }] };
    return { state: { ...state, dueAtMs: nowMs + options.timeoutMs, isSecondTime: true }, effects: [] };
  }
  const nonce = state.nextNonce;
  return {
    state: { kind: "waiting", nonce, sentAtMs: nowMs, dueAtMs: nowMs + options.timeoutMs },
    effects: [{ kind: "ping", nonce }],
  };
}

/** A Pong came; one with another nonce answers somebody else. Pure. */
export function onPong(
  state: KeepaliveState,
  options: KeepaliveOptions,
  nonce: Id,
  nowMs: number,
): KeepaliveStep {
  if (state.kind !== "waiting" || state.nonce !== nonce) return { state, effects: [] };
  return {
    state: { kind: "idle", nextNonce: state.nonce + 1, pingAtMs: nowMs + options.intervalMs },
    effects: [{ kind: "round-trip", ms: nowMs - state.sentAtMs }],
  };
}

/** Nothing could be read for a while: a Pong that is due gets its time again. Pure. */
export function onReadingResumed(
  state: KeepaliveState,
  options: KeepaliveOptions,
  nowMs: number,
): KeepaliveState {
  return state.kind === "waiting" ? { ...state, dueAtMs: nowMs + options.timeoutMs } : state;
}
