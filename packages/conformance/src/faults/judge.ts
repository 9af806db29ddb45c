import { pause } from "../attack/desk.ts";
import { eventually } from "../hostile/raw-peer.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import type { Side } from "./side.ts";
import type { ConnectSetting, Outcome, SideReport } from "./side-process.ts";
import type { Settled } from "./waiters.ts";
import { LARGE_LANE, SMALL_LANES } from "./works-service.ts";

/** Longest wait for what is due at once (ms): a limit for what hangs, not a measure. */
const PATIENCE_MS = 15_000;
/** How long a call may take that cannot be made any more (ms). */
const AT_ONCE_MS = 1_000;

/** A client with calls and streams under way. */
export async function underWay(
  client: Side,
  address: string,
  {
    number,
    seed,
    setting,
  }: { readonly number: number; readonly seed: number; readonly setting: ConnectSetting },
): Promise<void> {
  expectWorked("the client", await client.connect(address, number, setting));
  await client.work(seed);
  await untilMoved(client);
}

/** Waits until every sequence of the client's has gone on. */
export async function untilMoved(client: Side): Promise<void> {
  const { done: first, settled } = await client.report();
  expectNoErrors(settled);
  let last: SideReport["done"];
  const hasMoved = async () => {
    const report = await client.report();
    expectNoErrors(report.settled);
    last = report.done;
    if (first === undefined || last === undefined) return false;
    const { calls, up, down } = last;
    return (
      calls.every((count, lane) => count > (first.calls[lane] ?? 0)) && up > first.up && down > first.down
    );
  };
  await eventually("work under way", hasMoved, PATIENCE_MS);
}

/** Waits until nobody of a process waits any more. @returns what each was given */
export async function untilSettled(side: Side, expected: number): Promise<readonly Settled[]> {
  const all: Settled[] = [];
  let waiting: readonly string[] = [];
  const isOver = async () => {
    const report = await side.report();
    all.push(...report.settled);
    ({ waiting } = report);
    return waiting.length === 0 && all.length >= expected;
  };
  try {
    await eventually(`the end of ${side.name}'s waits`, isOver, PATIENCE_MS);
  } catch (error) {
    throw new Difference(
      `${(error as Error).message}; ${waiting.join(", ") || "nobody"} waits, ${all.length} were told`,
    );
  }
  return all;
}

/**
 * Each of them was given an error with one of these codes.
 *
 * @param sinceMs when the fault came
 * @returns after how long the last of them was told
 */
export function expectErrors(settled: readonly Settled[], codes: readonly string[], sinceMs: number): number {
  for (const { who, error } of settled) {
    if (error === undefined) throw new Difference(`${who} ended as if nothing had happened`);
    if (!codes.includes(error.code)) throw new Difference(`${who} was told ${show(error)}`);
  }
  return Math.max(...settled.map(({ atMs }) => atMs)) - sinceMs;
}

function expectNoErrors(settled: readonly Settled[]): void {
  for (const { who, error } of settled)
    if (error !== undefined) throw new Difference(`${who} was told ${show(error)}`);
}

/** How many were told what, such as `closed 5, io (ECONNRESET) 2`. */
export function told(settled: readonly Settled[]): string {
  const counts = new Map<string, number>();
  for (const { error } of settled) {
    // The error of a call is caused by that of the session, which has the same code.
    const cause = error?.causes.findLast((one) => /^E[A-Z]+$/.test(one));
    const text =
      error === undefined ? "no error" : `${error.code}${cause === undefined ? "" : ` (${cause})`}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => `${text} ${count}`).join(", ");
}

export function expectWorked(what: string, { error }: Outcome): void {
  if (error !== undefined) throw new Difference(`${what}: ${show(error)}`);
}

/** It failed with this code, and the system's where one is given. */
export function expectFailed(
  what: string,
  { error }: Outcome,
  codes: readonly string[],
  cause?: string,
): void {
  if (error === undefined) throw new Difference(`${what}: it worked`);
  const isRight = codes.includes(error.code) && (cause === undefined || error.causes.includes(cause));
  if (!isRight) throw new Difference(`${what}: ${show(error)}`);
}

function show({ text, causes }: { readonly text: string; readonly causes: readonly string[] }): string {
  return causes.length === 0 ? text : `${text}, caused by ${causes.join(", ")}`;
}

/** One more call of a client whose session is over fails at once, and for the same reason. */
export async function expectNoMoreCalls(client: Side, codes: readonly string[]): Promise<void> {
  const outcome = await client.tell<Outcome>({ kind: "deadline", timeoutMs: PATIENCE_MS });
  expectFailed("one more call", outcome, codes);
  if (outcome.tookMs > AT_ONCE_MS) throw new Difference(`one more call failed after ${outcome.tookMs} ms`);
}

/** Ends a client's work, in which nothing was lost, doubled or out of order. @returns how much there was */
export async function expectNothingLost(client: Side, server: Side, number: number): Promise<string> {
  await client.finish();
  const { settled, waiting, done } = await client.report();
  expectEqual("who waits", waiting, []);
  expectNoErrors(settled);
  if (done === undefined) throw new Difference("there was no work");
  const came = await server.came(number);
  const sent: Record<string, number> = { up: done.up };
  for (let lane = 0; lane <= SMALL_LANES; lane++) sent[`lane ${lane}`] = done.calls[lane] ?? 0;
  for (const [what, items] of Object.entries(sent))
    expectEqual(what, came[what], { items, doubled: 0, outOfOrder: 0 });
  const small = done.calls.slice(0, LARGE_LANE).reduce((sum, count) => sum + count, 0);
  return `${small} calls, ${done.calls[LARGE_LANE]} large ones, ${done.up} items up, ${done.down} down, each once`;
}

export { pause };
