import type { Limits } from "roam";

/** What one call asks for. */
export interface Work {
  readonly method: "spin" | "wait";
  /** Rounds, or milliseconds. */
  readonly amount: number;
}

/** A kind of load, with the limits that an owner would set for it. */
export interface Load {
  readonly title: string;
  readonly work: Work;
  readonly connections: number;
  readonly server: Partial<Limits>;
  readonly client: Partial<Limits>;
  /** Calls at a time on each connection that use all of the capacity. */
  readonly lanes: number;
  /** Calls that may be taken and not answered yet, and what bounds them: latency is that over goodput. */
  readonly maxUnanswered: number;
  readonly boundedBy: string;
}

const CONNECTIONS = 32;
const IN_FLIGHT = 8;
const QUEUED = 8;
const RUNNING = 64;
const WAITING = 128;

export const LOADS: readonly Load[] = [
  {
    title: "calls that keep the processor busy",
    work: { method: "spin", amount: 200_000 },
    connections: CONNECTIONS,
    server: { maxConcurrentRequests: IN_FLIGHT },
    client: { maxQueuedCalls: QUEUED },
    lanes: IN_FLIGHT,
    maxUnanswered: CONNECTIONS * (IN_FLIGHT + QUEUED),
    boundedBy: `${CONNECTIONS} connections, each ${IN_FLIGHT} in flight (server's maxConcurrentRequests) and ${QUEUED} in line (client's maxQueuedCalls)`,
  },
  {
    title: "calls that wait for something else",
    work: { method: "wait", amount: 20 },
    connections: CONNECTIONS,
    server: { maxRunningCalls: RUNNING, maxWaitingCalls: WAITING },
    client: {},
    lanes: (RUNNING + WAITING / 2) / CONNECTIONS,
    maxUnanswered: RUNNING + WAITING,
    boundedBy: `${RUNNING} running and ${WAITING} waiting over all sessions (server's maxRunningCalls, maxWaitingCalls)`,
  },
];
