import type { ProfileKind } from "./profiler.ts";

/** What both processes of a pair are asked. */
export type CommonRequest =
  /** @returns CPU time of the process so far, all threads (µs) */
  | { readonly kind: "cpu" }
  | { readonly kind: "start-profile"; readonly of: ProfileKind }
  | { readonly kind: "stop-profile"; readonly path: string };

/** @returns where it listens */
export interface ServeRequest {
  readonly kind: "serve";
  /** For sockets and the like. */
  readonly directory: string;
}

export type ClientRequest =
  | { readonly kind: "open"; readonly address: string }
  /** What every fresh process does first, all of it in this time. */
  | { readonly kind: "warm-up"; readonly durationMs: number }
  /** Opens the connections of a case and runs it. @returns whether the contender can do it */
  | { readonly kind: "prepare"; readonly case: string; readonly durationMs: number }
  /** @returns Run */
  | { readonly kind: "run"; readonly case: string; readonly durationMs: number };

/** What the measuring process saw. */
export interface Run {
  readonly operations: number;
  readonly elapsedMs: number;
}

export type Reply = { readonly value?: unknown } | { readonly error: string };
