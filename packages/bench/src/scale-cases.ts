import type { ScaleRequest } from "./scale-child.ts";

/** One figure: CPU time of both sides for an operation, with so many of something there. */
export interface ScalePoint {
  readonly count: number;
  /** What is set up first, and taken down again. */
  readonly setUp: readonly ScaleRequest[];
  /** Answered with the number of operations. */
  readonly work: ScaleRequest;
}

/** A series whose cost should be flat. */
export interface ScaleCase {
  readonly name: string;
  readonly title: string;
  /** The bare socket can do it as well. */
  readonly isRawToo: boolean;
  readonly points: readonly ScalePoint[];
}

const CALLERS = 64;

function calls(count: number, callers: number, connections = 1): ScaleRequest {
  return { kind: "call", calls: count, callers, connections };
}

/** Enough calls for each caller to make several, and for a measurable time. */
function enough(callers: number): number {
  if (callers < 10) return 10_000;
  return Math.max(callers < 100 ? 60_000 : 200_000, 3 * callers);
}

const POWERS = [1, 10, 100, 1000, 10_000, 100_000];

export const scaleCases: readonly ScaleCase[] = [
  {
    name: "in-flight",
    title: "µs per call, N calls in flight on one connection",
    isRawToo: true,
    points: POWERS.map((count) => ({ count, setUp: [], work: calls(enough(count), count) })),
  },
  {
    name: "pending",
    title: `µs per call, ${CALLERS} in flight, beside N calls that wait in their handlers`,
    isRawToo: false,
    points: [0, ...POWERS].map((count) => ({
      count,
      setUp: [{ kind: "pending", count }],
      work: calls(200_000, CALLERS),
    })),
  },
  {
    name: "channels",
    title: "µs per item, to N open channels of one connection in turn",
    isRawToo: false,
    points: [10, 100, 1000, 10_000].map((count) => ({
      count,
      setUp: [{ kind: "channels", count }],
      work: { kind: "send", items: 300_000 },
    })),
  },
  {
    name: "busy",
    title: "µs per call, N connections with one call in flight each",
    isRawToo: true,
    points: [1, 10, 100, 1000].map((count) => ({
      count,
      setUp: [{ kind: "connections", count }],
      work: calls(enough(count) / (count < 10 ? 1 : 3), 1, count),
    })),
  },
  {
    name: "idle",
    title: `µs per call, ${CALLERS} in flight, beside N idle connections`,
    isRawToo: true,
    points: [0, 1000, 10_000].map((count) => ({
      count,
      setUp: [{ kind: "connections", count: count + 1 }],
      work: calls(200_000, CALLERS),
    })),
  },
];

/** Undoes what any set-up has done. */
export function takenDown(setUp: readonly ScaleRequest[]): readonly ScaleRequest[] {
  return setUp.map((request) =>
    request.kind === "connections"
      ? { ...request, count: 1 }
      : { ...(request as { kind: "pending" }), count: 0 },
  );
}
