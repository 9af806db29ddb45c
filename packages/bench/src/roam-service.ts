import { type HandlersOf, method, service, t } from "roam";

/** What the cases need of a service, and nothing else. */
export const Bench = service("Bench", {
  next: method({ value: t.u32 }, t.u32),
  echo: method({ payload: t.bytes }, t.bytes),
  down_16: method({ duration_ms: t.f64, items: t.tx(t.u32) }),
  down_1024: method({ duration_ms: t.f64, items: t.tx(t.u32, 1024) }),
  up_16: method({ items: t.rx(t.u32) }, t.u32),
  up_1024: method({ items: t.rx(t.u32, 1024) }, t.u32),
});

export type Items = AsyncIterable<number>;
interface Sink {
  send(item: number): Promise<void>;
}

/** Sends one item after the other until the time is over. @returns how many */
export async function sendFor(durationMs: number, items: Sink): Promise<number> {
  const end = performance.now() + durationMs;
  let count = 0;
  while (performance.now() < end) await items.send(count++);
  return count;
}

export async function count(items: Items): Promise<number> {
  let total = 0;
  for await (const _item of items) total++;
  return total;
}

export const benchHandlers: HandlersOf<typeof Bench> = {
  next: ({ value }) => value + 1,
  echo: ({ payload }) => payload,
  async down_16({ duration_ms, items }) {
    await sendFor(duration_ms, items);
  },
  async down_1024({ duration_ms, items }) {
    await sendFor(duration_ms, items);
  },
  up_16: ({ items }) => count(items),
  up_1024: ({ items }) => count(items),
};

/** How sessions are set up, on both sides. */
export function sessionOptions(isAdaptive: boolean) {
  // Enough for the case with a thousand calls in flight.
  return { limits: { maxConcurrentRequests: 2000 }, adaptiveCredit: isAdaptive };
}
