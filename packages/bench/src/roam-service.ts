import { type HandlersOf, method, type Rx, service, type Tx, t } from "roam";
import { count, sendFor } from "./items.ts";
import type { Credit } from "./peer.ts";

/** What the cases need of a service, and nothing else. */
export const Bench = service("Bench", {
  next: method({ value: t.u32 }, t.u32),
  echo: method({ payload: t.bytes }, t.bytes),
  down_16: method({ duration_ms: t.f64, items: t.tx(t.u32) }),
  down_256: method({ duration_ms: t.f64, items: t.tx(t.u32, 256) }),
  down_4096: method({ duration_ms: t.f64, items: t.tx(t.u32, 4096) }),
  up_16: method({ items: t.rx(t.u32) }, t.u32),
  up_256: method({ items: t.rx(t.u32, 256) }, t.u32),
  up_4096: method({ items: t.rx(t.u32, 4096) }, t.u32),
});

/** The names of the methods that stream, by credit: the schema fixes it. */
export const DOWN = { 16: "down_16", 256: "down_256", 4096: "down_4096" } as const satisfies Record<
  Credit,
  string
>;
export const UP = { 16: "up_16", 256: "up_256", 4096: "up_4096" } as const satisfies Record<Credit, string>;

async function down({ duration_ms, items }: { duration_ms: number; items: Tx<number> }): Promise<void> {
  await sendFor(duration_ms, items);
}

const up = ({ items }: { items: Rx<number> }) => count(items);

export const benchHandlers: HandlersOf<typeof Bench> = {
  next: ({ value }) => value + 1,
  echo: ({ payload }) => payload,
  down_16: down,
  down_256: down,
  down_4096: down,
  up_16: up,
  up_256: up,
  up_4096: up,
};

/** Set in the environment to have all lanes without adaptive credit: `--fixed-credit`. */
export const FIXED_CREDIT = "ROAM_BENCH_FIXED_CREDIT";

/** What a lane does that is not particular about it. */
export const isCreditAdaptive: boolean = process.env[FIXED_CREDIT] === undefined;

/** How sessions are set up, on both sides. */
export function sessionOptions(isAdaptive: boolean) {
  // Enough for the case with a thousand calls in flight.
  return { limits: { maxConcurrentRequests: 2000 }, adaptiveCredit: isAdaptive };
}
