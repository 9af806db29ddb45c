import { type Infer, method, service, t } from "roam";

const WorksItem = t.struct("WorksItem", { number: t.u32, body: t.bytes });
export type WorksItem = Infer<typeof WorksItem>;

/** What is under way when a fault comes: calls and both directions of streams, all numbered from 0. */
export const Works = service("Works", {
  /** @param lane calls of one client's lane come one after the other */
  echo: method({ client: t.u32, lane: t.u32, item: WorksItem }, WorksItem),
  /** The answer says how many items came. */
  up: method({ client: t.u32, items: t.rx(WorksItem) }, t.u32),
  /** Sends until `stop` is called; the answer says how many. */
  down: method({ client: t.u32, items: t.tx(WorksItem) }, t.u32),
  /** Is not answered: it ends with the session, or when the caller cancels. */
  hold: method({ client: t.u32 }),
  stop: method({ client: t.u32 }),
});

/** Lanes of small calls, and the one of large calls. */
export const SMALL_LANES = 3;
export const LARGE_LANE = SMALL_LANES;
/** Bytes of a call in either direction: at most so many, and exactly so many. */
const SMALL_BYTES = 8_000;
export const LARGE_BYTES = 2 * 2 ** 20;

/** @param random from 0 to 1 */
export function smallItem(number: number, random: number): WorksItem {
  return { number, body: new Uint8Array(Math.floor(random * SMALL_BYTES)).fill(number) };
}

export function largeItem(number: number): WorksItem {
  return { number, body: new Uint8Array(LARGE_BYTES).fill(number) };
}

/** @throws Error if its bytes are not those that were sent */
export function checkItem({ number, body }: WorksItem): void {
  const expected = number & 0xff;
  // Not `every`, which calls a function for each of two million bytes.
  for (let at = 0; at < body.length; at++)
    if (body[at] !== expected) throw new Error(`item ${number} came damaged`);
}
