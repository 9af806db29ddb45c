// One of the clients of `npm run -s overload`.
import { setTimeout as pause } from "node:timers/promises";
import { type ClientOf, connect, type Limits, RoamError } from "roam";
import { answerParent } from "../../../bench/src/asked-process.ts";
import { Load } from "./load-service.ts";
import type { Work } from "./work.ts";

export type ClientRequest =
  | {
      readonly kind: "open";
      readonly address: string;
      readonly connections: number;
      readonly limits: Partial<Limits>;
    }
  /** So many calls at a time on each connection, the next when one is answered. @returns calls per second */
  | { readonly kind: "saturate"; readonly work: Work; readonly lanes: number; readonly durationMs: number }
  /** Calls on schedule, answered or not. @returns Offered */
  | { readonly kind: "offer"; readonly work: Work; readonly perSecond: number; readonly durationMs: number };

/** What came of calls made on schedule. */
export interface Offered {
  readonly offered: number;
  /** Answered before the offers ended, and later. */
  readonly inTime: number;
  readonly late: number;
  /** From the moment at which the call was due (ms), of calls that were answered. */
  readonly latenciesMs: readonly number[];
  /** Calls that failed, by their errors' codes. */
  readonly failures: Readonly<Record<string, number>>;
  /** Round trips of Pings on the same connections (ms). */
  readonly pingsMs: readonly number[];
  /** Calls never settled. */
  readonly lost: number;
}

const TICK_MS = 1;
const PING_MS = 25;
/** Longest wait for calls when no more are made (ms). */
const SETTLE_MS = 20_000;

const clients: ClientOf<typeof Load>[] = [];

async function open({ address, connections, limits }: ClientRequest & { kind: "open" }): Promise<number> {
  const keepalive = { intervalMs: PING_MS, timeoutMs: 10_000 };
  while (clients.length < connections) clients.push(await connect(address, Load, { limits, keepalive }));
  return clients.length;
}

function call(client: ClientOf<typeof Load>, { method, amount }: Work): Promise<number> {
  return method === "spin" ? client.spin({ rounds: amount }) : client.wait({ ms: amount });
}

async function saturate({ work, lanes, durationMs }: ClientRequest & { kind: "saturate" }): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let answered = 0;
  const lane = async (client: ClientOf<typeof Load>) => {
    while (performance.now() < endMs) {
      try {
        await call(client, work);
        if (performance.now() < endMs) answered++;
      } catch (error) {
        // More at a time than there are places: that is what is being asked for.
        if (!(error instanceof RoamError) || error.code !== "cancelled") throw error;
        await pause(TICK_MS);
      }
    }
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: lanes }, () => lane(client))));
  return (answered * 1000) / durationMs;
}

async function offer({ work, perSecond, durationMs }: ClientRequest & { kind: "offer" }): Promise<Offered> {
  const latenciesMs: number[] = [];
  const pingsMs: number[] = [];
  const failures: Record<string, number> = {};
  let offered = 0;
  let settled = 0;
  let inTime = 0;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const begin = (dueMs: number) => {
    call(clients[offered++ % clients.length] as ClientOf<typeof Load>, work).then(
      () => {
        const nowMs = performance.now();
        settled++;
        if (nowMs <= endMs) inTime++;
        latenciesMs.push(nowMs - dueMs);
      },
      (error: unknown) => {
        settled++;
        const code = error instanceof RoamError ? error.code : String(error);
        failures[code] = (failures[code] ?? 0) + 1;
      },
    );
  };
  const pings = setInterval(() => {
    for (const client of clients) pingsMs.push(client.$.session.roundTripMs ?? 0);
  }, PING_MS);
  const gapMs = 1000 / perSecond;
  for (let nowMs = startMs; nowMs < endMs; nowMs = performance.now()) {
    for (let dueMs = startMs + offered * gapMs; dueMs <= nowMs; dueMs += gapMs) begin(dueMs);
    await pause(TICK_MS);
  }
  clearInterval(pings);
  const limitMs = performance.now() + SETTLE_MS;
  while (settled < offered && performance.now() < limitMs) await pause(TICK_MS);
  const late = latenciesMs.length - inTime;
  return { offered, inTime, late, latenciesMs, failures, pingsMs, lost: offered - settled };
}

answerParent(async (request: ClientRequest): Promise<unknown> => {
  switch (request.kind) {
    case "open":
      return open(request);
    case "saturate":
      return saturate(request);
    case "offer":
      return offer(request);
  }
});
