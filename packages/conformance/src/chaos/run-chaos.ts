import { connect, type Session, serve } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { SeededRandom } from "roam/testing";
import { Chaos, ChaosHandlers } from "./chaos-service.ts";
import { Cutter } from "./cutter.ts";
import { LinkLog } from "./link-log.ts";
import { type Memory, measureMemory } from "./measure-memory.ts";
import type { Transport } from "./options.ts";
import { Traffic } from "./traffic.ts";

export interface ChaosResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly links: LinkLog;
  readonly seconds: number;
  readonly memory: { readonly start: Memory; readonly end: Memory };
  /** What is wrong; none if all is well. */
  readonly violations: readonly string[];
}

/** Calls or a stream that do not move for so long never will. */
const STALL_MS = 30_000;
/** Traffic before memory is measured first: code is compiled and buffers have their sizes (ms). */
const WARM_UP_MS = 1000;
/** How much more may be held at the end: what is under way differs from moment to moment. */
const MAX_GROWTH_BYTES = 16 * 2 ** 20;
/** So that a link that fell silent is noticed; without it one does not wait for ever either. */
const KEEPALIVE = { intervalMs: 100, timeoutMs: 1000 };
const LIMITS = { handshakeTimeoutMs: 1000 };

/**
 * One session over one transport through a proxy that cuts its links.
 *
 * @throws Error if the session fails, an answer is wrong, or nothing moves any more
 */
export async function runChaos(transport: Transport, cuts: number, seed: number): Promise<ChaosResult> {
  const random = new SeededRandom(seed, transport);
  const named = (name: string) => random.named(`${transport} ${name}`);
  const jitter = { proxy: named("proxy"), backoff: named("backoff") };
  const served = new ChaosHandlers(named("items down"));
  const sessions: Session[] = [];
  await using server = await serve(`${transport}://127.0.0.1:0`, Chaos, served.handlers, {
    limits: LIMITS,
    onSession: (session) => void sessions.push(session),
  });
  await using proxy = await faultProxy({ upstream: server.address, random: () => jitter.proxy.next() });
  const links = new LinkLog();
  await using client = await connect(proxy.url(), Chaos, {
    conduit: "stable",
    limits: LIMITS,
    keepalive: KEEPALIVE,
    onState: links.onState,
    random: () => jitter.backoff.next(),
  });
  const traffic = new Traffic(client, named("traffic"));
  const victim = {
    get isAttached() {
      return links.isAttached;
    },
    get resumes() {
      return links.resumes;
    },
    get calls() {
      return traffic.calls;
    },
  };
  const cutter = new Cutter(proxy, named("cuts"), victim);
  const waiting = () => {
    const ends = { client: client.$.session, server: sessions[0] };
    const told = Object.entries(ends).map(
      ([name, session]) => `${name} ${JSON.stringify({ state: session?.state, replay: session?.replay })}`,
    );
    return [`not at its end: ${traffic.waiting}`, ...told, `proxy ${JSON.stringify(proxy.totals)}`].join(
      "; ",
    );
  };
  const startMs = performance.now();
  let start: Memory | undefined;
  const play = async () => {
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    start = measureMemory();
    await cutter.run(cuts);
    await traffic.stop();
  };
  const moved = () => ({ ...traffic.moved, cuts: proxy.totals.cuts });
  await orStalled(Promise.all([traffic.run(), play()]), moved, waiting);
  const seconds = (performance.now() - startMs) / 1000;
  const memory = { start: start ?? measureMemory(), end: measureMemory() };
  const counts = countsOf(served, traffic, links, { ...proxy.totals, vanished: cutter.vanished });
  return { counts, links, seconds, memory, violations: violationsOf(counts, sessions.length, memory) };
}

function countsOf(
  served: ChaosHandlers,
  traffic: Traffic,
  { resumes, replayed, failedAttempts }: LinkLog,
  { cuts, vanished }: { readonly cuts: number; readonly vanished: number },
) {
  const ledgers = [served.up, traffic.down, ...served.lanes];
  const sent = traffic.sentUp + served.sentDown + traffic.calls;
  const sum = (of: (ledger: (typeof ledgers)[number]) => number) =>
    ledgers.reduce((total, ledger) => total + of(ledger), 0);
  return {
    ...{ cuts, vanished, resumes, failedAttempts, replayed },
    ...{ calls: traffic.calls, itemsUp: served.up.items, itemsDown: traffic.down.items },
    lost: sent - sum(({ items }) => items),
    doubled: sum(({ doubled }) => doubled),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
  };
}

function violationsOf(
  counts: Readonly<Record<string, number>>,
  sessions: number,
  { start, end }: ChaosResult["memory"],
): string[] {
  const violations = ["lost", "doubled", "outOfOrder"]
    .filter((name) => counts[name] !== 0)
    .map((name) => `${name} ${counts[name]}`);
  if (sessions !== 1) violations.push(`the server had ${sessions} sessions`);
  const grown = end.heapBytes - start.heapBytes;
  if (grown > MAX_GROWTH_BYTES) violations.push(`the heap has grown by ${grown} bytes`);
  return violations;
}

/** @throws Error saying who waits when one of the counts has not changed for a while */
function orStalled<T>(
  over: Promise<T>,
  counts: () => Readonly<Record<string, number>>,
  waiting: () => string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const moved = new Map<string, { count: number; atMs: number }>();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      for (const [name, count] of Object.entries(counts())) {
        const last = moved.get(name);
        if (last?.count !== count) moved.set(name, { count, atMs: nowMs });
        else if (nowMs - last.atMs > STALL_MS) {
          reject(new Error(`${name} stay at ${count} for ${STALL_MS / 1000} s; ${waiting()}`));
        }
      }
    }, 1000);
    over.then(resolve, reject).finally(() => clearInterval(timer));
  });
}
