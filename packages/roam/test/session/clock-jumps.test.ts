import assert from "node:assert/strict";
import { after, before, suite, type TestContext, test } from "node:test";
import { type CallContext, connect, method, type ServeOptions, type Session, serve, service } from "roam";
import { dialTcp } from "roam/tcp";

const Wait = service("Wait", { wait: method({}) });

/** How far the clock on the wall is set, forward and back (ms). */
const JUMPS_MS = [86_400_000, -86_400_000, 3_600_000, -30 * 86_400_000, 500, -500, 0];
/** Of a timer (ms): it may come this much sooner, for what is rounded, and later on a busy machine. */
const SOONER_MS = 5;
const LATER_MS = 5_000;

const quiet = { warn: () => {}, error: () => {} };

/** By a clock that nobody sets. */
function sinceMs(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function expectInTime(tookMs: number, expectedMs: number): void {
  assert.ok(tookMs >= expectedMs - SOONER_MS, `after ${tookMs} ms, not ${expectedMs}`);
  assert.ok(tookMs <= expectedMs + LATER_MS, `after ${tookMs} ms, not ${expectedMs}`);
}

/** Ends with the test. */
async function serveWait(t: TestContext, options: ServeOptions = {}) {
  let onSession: (session: Session) => void = () => {};
  const session = new Promise<Session>((resolve) => {
    onSession = resolve;
  });
  const calls: CallContext[] = [];
  const wait = (_: object, call: CallContext) => {
    calls.push(call);
    return new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
  };
  const server = await serve("tcp://127.0.0.1:0", Wait, { wait }, { ...options, onSession, logger: quiet });
  t.after(() => server.close());
  return { server, session, calls };
}

suite("while the clock on the wall is set to and fro", { timeout: 20_000 }, () => {
  const realNow = Date.now;
  const { timeOrigin } = performance;
  let jumps = 0;
  let timer: NodeJS.Timeout | undefined;
  const offMs = () => JUMPS_MS[jumps % JUMPS_MS.length] as number;

  before(() => {
    Date.now = () => realNow() + offMs();
    Object.defineProperty(performance, "timeOrigin", { configurable: true, get: () => timeOrigin + offMs() });
    timer = setInterval(() => jumps++, 3);
  });
  after(() => {
    clearInterval(timer);
    Date.now = realNow;
    Reflect.deleteProperty(performance, "timeOrigin");
    assert.ok(jumps > JUMPS_MS.length, "the clock was set");
  });

  test("a deadline passes in its time, here and there", async (t) => {
    const { server, calls } = await serveWait(t);
    const client = await connect(server.address, Wait, { logger: quiet });
    const start = process.hrtime.bigint();
    const late = assert.rejects(client.wait({}, { timeoutMs: 300 }), { code: "deadline-exceeded" });
    const left: number[] = [];
    const sample = setInterval(() => left.push(calls[0]?.timeLeftMs ?? 300), 10);
    await late;
    clearInterval(sample);
    expectInTime(sinceMs(start), 300);
    assert.ok(left.every((ms) => ms >= 0 && ms <= 300) && (left[0] as number) > 0, `${left}`);
    assert.deepEqual(
      left,
      left.toSorted((a, b) => b - a),
    );
    const { signal } = calls[0] as CallContext;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    expectInTime(sinceMs(start), 300);
    await client.$.session.close();
  });

  test("no Ping is missed, and one that is not answered is given its time", async (t) => {
    const { server, session } = await serveWait(t);
    const keepalive = { intervalMs: 20, timeoutMs: 300 };
    const client = await connect(server.address, Wait, { keepalive, conduit: "bare", logger: quiet });
    await assert.rejects(client.wait({}, { timeoutMs: 500 }), { code: "deadline-exceeded" });
    assert.equal(client.$.session.hasEnded, false);
    // Nothing is read there any more, so that no Ping is answered.
    const start = process.hrtime.bigint();
    (await session).pauseReading(true);
    assert.equal((await client.$.session.ended).code, "keepalive");
    expectInTime(sinceMs(start), 300);
  });

  test("a session is kept for its time, and its client looks for the server as long as it may", async (t) => {
    const { server, session } = await serveWait(t, { retention: { retentionMs: 300 } });
    const reconnect = { baseMs: 10, capMs: 10, totalMs: 200 };
    let isCut = false;
    const port = Number(new URL(server.address).port);
    const next = async ({ signal }: { signal: AbortSignal }) => {
      if (isCut) throw new Error("no way there");
      return dialTcp({ host: "127.0.0.1", port }, { signal });
    };
    const client = await connect({ next }, Wait, { reconnect, logger: quiet });
    const kept = await session;
    isCut = true;
    const start = process.hrtime.bigint();
    client.$.session.dropLink("cut");
    assert.equal((await client.$.session.ended).code, "session-lost");
    expectInTime(sinceMs(start), 200 - reconnect.capMs);
    assert.equal((await kept.ended).code, "session-lost");
    expectInTime(sinceMs(start), 300);
  });
});
