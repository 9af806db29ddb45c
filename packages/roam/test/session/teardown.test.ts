import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { suite, test } from "node:test";
import { type CallContext, clientOn, implement, RoamError, type RoamErrorCode, type Rx, type Tx } from "roam";
import { settled } from "roam/testing";
import { Metadata } from "roam/wire";
import {
  acceptOf,
  callOf,
  openOf,
  responseOf,
  type Scripted,
  scripted,
  Testbed,
  testbedHandlers,
  type Watched,
  watch,
} from "./harness.ts";

/** Ways in which a session ends, and the code that everybody who waits gets. */
const ENDS: readonly { name: string; code: RoamErrorCode; end: (running: Scripted) => unknown }[] = [
  { name: "our close", code: "closed", end: ({ session }) => void session.close() },
  { name: "our drain", code: "closed", end: ({ session }) => void session.drain({ timeoutMs: 10 }) },
  { name: "their close", code: "closed", end: ({ peer }) => peer.end() },
  { name: "a link that died", code: "io", end: ({ peer }) => peer.die(new RoamError("io", "cable cut")) },
  { name: "a violation of theirs", code: "protocol-error", end: ({ peer }) => peer.sendBytes([0, 11]) },
  {
    name: "a ProtocolError from them",
    code: "protocol-error",
    end: ({ peer }) => peer.send({ tag: "ProtocolError", connectionId: 0, description: "no" }),
  },
  { name: "an unanswered Ping", code: "keepalive", end: ({ clock }) => clock.pass(5_000 + 1_000) },
  { name: "a destroyed link", code: "closed", end: ({ link }) => link.destroy() },
  {
    name: "a refused resume",
    code: "session-lost",
    end: ({ link }) => link.destroy(new RoamError("session-lost", "unknown key")),
  },
];

interface Waiting {
  readonly outcomes: Map<string, Watched>;
  readonly signals: AbortSignal[];
}

/** Somebody waits for everything that one can wait for, with a signal where one may be given. */
async function everyoneWaiting(running: Scripted): Promise<Waiting> {
  const { session, peer } = running;
  const outcomes = new Map<string, Watched>();
  const signals: AbortSignal[] = [];
  const signal = () => {
    const { signal: made } = new AbortController();
    signals.push(made);
    return made;
  };
  const add = (name: string, promise: Promise<unknown>) => outcomes.set(name, watch(promise));
  const client = clientOn(session, session.root, Testbed);

  add("a call", client.echo({ message: "1" }));
  add("a call with a signal", client.echo({ message: "2" }, { signal: signal() }));
  add("a call with a deadline", client.echo({ message: "3" }, { timeoutMs: 60_000 }));
  const sum = client.sum({}, { signal: signal() });
  add("a call with a channel to send on", sum);
  for (let sent = 0; sent < 16; sent++) await sum.numbers.send(sent);
  add("a send without credit", sum.numbers.send(16, { signal: signal() }));
  const stream = client.generate({ count: 5 }, { timeoutMs: 60_000 });
  add("a call with a channel to receive from", stream);
  add("a receive", stream.output.next());
  const controller = new AbortController();
  const given = watch(client.echo({ message: "given up" }, { signal: controller.signal }));
  controller.abort(new RoamError("aborted", "enough"));
  signals.push(controller.signal);
  add("a call in the queue", client.echo({ message: "4" }));
  add("a call in the queue with a signal", client.echo({ message: "5" }, { signal: signal() }));
  add("a call in the queue with a deadline", client.echo({ message: "6" }, { timeoutMs: 60_000 }));

  const opening = session.openConnection();
  for (;;) if ((await peer.expectAny()).tag === "ConnectionOpen") break;
  await peer.send(acceptOf(1));
  const virtual = clientOn(session, await opening, Testbed);
  add("a call on a virtual connection", virtual.echo({ message: "7" }));
  add("a receive on a virtual connection", virtual.generate({ count: 5 }).output.next());
  add("an open", session.openConnection({ signal: signal() }));
  add("an open in line", session.openConnection({ signal: signal() }));
  await settled();
  assert.equal(given.outcome, "aborted");
  return { outcomes, signals };
}

// r[verify session.x.teardown]
// r[verify session.protocol-error]
// r[verify session.keepalive]
suite("whatever ends a session", () => {
  const options = {
    keepalive: { intervalMs: 5_000, timeoutMs: 1_000 },
    limits: { maxPendingOpens: 1 },
  };
  for (const { name, code, end } of ENDS) {
    test(`${name}: everybody who waits learns it once, as ${code}, and nothing is left`, async () => {
      const running = await scripted("initiator", options, { maxConcurrentRequests: 6 });
      const { session, clock } = running;
      const { outcomes, signals } = await everyoneWaiting(running);
      for (const [who, { times }] of outcomes) assert.equal(times, 0, `${who} waits`);
      await end(running);
      // Time for what has to wait for the counterpart.
      await clock.pass(1_000);
      assert.equal((await session.ended).code, code);
      for (const [who, watched] of outcomes) assert.deepEqual(watched, { outcome: code, times: 1 }, who);
      for (const signal of signals) assert.equal(getEventListeners(signal, "abort").length, 0);
      assert.equal(clock.pending, 0, "no timer is left");
      assert.equal(session.bufferedBytes, 0);
      assert.equal(session.virtualConnections, 0);
      await running.peer.script.untilEnd();
    });

    test(`${name}, while the link is blocked: who waits for it learns it as ${code}`, async () => {
      const running = await scripted("initiator", options);
      const { session, clock, peer } = running;
      const client = clientOn(session, session.root, Testbed);
      const { input } = client.transform();
      const controller = new AbortController();
      block(running);
      const outcomes = new Map<string, Watched>(
        Object.entries({
          reserve: session.reserve(),
          "reserve with a signal": session.reserve(controller.signal),
          call: client.echo({ message: "x" }),
          "call with a signal": client.echo({ message: "x" }, { signal: controller.signal }),
          "call with a deadline": client.echo({ message: "x" }, { timeoutMs: 60_000 }),
          send: input.send("x"),
          "send with a signal": input.send("x", { signal: controller.signal }),
          open: session.openConnection(),
          "open in line, with a signal": session.openConnection({ signal: controller.signal }),
        }).map(([who, promise]) => [who, watch(promise)]),
      );
      await settled();
      for (const [who, { times }] of outcomes) assert.equal(times, 0, `${who} waits`);
      await end(running);
      await clock.pass(1_000);
      assert.equal((await session.ended).code, code);
      for (const [who, watched] of outcomes) assert.deepEqual(watched, { outcome: code, times: 1 }, who);
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
      assert.equal(clock.pending, 0, "no timer is left");
      peer.script.link.rx.resume();
      await peer.script.untilEnd();
    });

    test(`${name}: handlers are told, and what they do afterwards goes nowhere`, async () => {
      const served: { call: CallContext; numbers?: Rx<number>; output?: Tx<number> }[] = [];
      const never = new Promise<never>(() => {});
      const handler = implement(Testbed, {
        ...testbedHandlers,
        echo: (_, call) => {
          served.push({ call });
          return never;
        },
        sum: ({ numbers }, call) => {
          served.push({ call, numbers });
          return never;
        },
        generate: ({ output }, call) => {
          served.push({ call, output });
          return never;
        },
      });
      const running = await scripted("acceptor", {
        ...options,
        handler,
        acceptConnection: () => ({ accept: true, handler }),
      });
      const { session, peer, clock } = running;
      const deadline = { metadata: callTimeout(60_000) };
      await peer.send(callOf("echo", 1, { args: [0], ...deadline }));
      await peer.send(callOf("sum", 3, { channels: [1] }));
      await peer.send(callOf("generate", 5, { args: [1], channels: [3], ...deadline }));
      await peer.send(openOf(1));
      await peer.send(callOf("echo", 1, { connectionId: 1, args: [0] }));
      await settled();
      const item = watch(served[1]?.numbers?.next() ?? never);
      const output = served[2]?.output;
      assert(output !== undefined && served.length === 4);
      for (let sent = 0; sent < 16; sent++) await output.send(sent);
      const send = watch(output.send(16));
      await settled();
      assert.deepEqual([item.times, send.times], [0, 0]);
      await end(running);
      await clock.pass(1_000);
      assert.equal((await session.ended).code, code);
      for (const { call } of served) {
        assert.equal(call.signal.aborted, true);
        assert.equal(call.signal.reason.code, code);
      }
      assert.deepEqual(item, { outcome: code, times: 1 });
      assert.deepEqual(send, { outcome: code, times: 1 });
      assert.equal(clock.pending, 0);
    });
  }

  test("two ends at once: the first one counts", async () => {
    const running = await scripted("initiator");
    const { session, peer } = running;
    const closing = session.close();
    peer.die(new RoamError("io", "too late"));
    await Promise.all([closing, session.close()]);
    assert.equal((await session.ended).code, "closed");
    assert.equal(running.clock.pending, 0);
  });

  test("close resolves when the session is over, also for who closes second", async () => {
    const running = await scripted("initiator");
    const { session, clock } = running;
    block(running);
    const first = watch(session.close());
    await settled();
    const second = watch(session.close());
    await settled();
    assert.deepEqual([first.times, second.times], [0, 0]);
    await clock.pass(1_000);
    assert.deepEqual([first.times, second.times], [1, 1]);
  });

  test("the process is left as it was", async () => {
    const listeners = () => process.eventNames().map((name) => process.listenerCount(name));
    const before = listeners();
    const running = await scripted("initiator", options, { maxConcurrentRequests: 6 });
    await everyoneWaiting(running);
    assert.deepEqual(listeners(), before);
    await running.session.close();
    await settled();
    assert.deepEqual(listeners(), before);
  });
});

// r[verify session.x.teardown]
test("a closed connection settles who waits for a blocked link there, and the session goes on", async () => {
  await using running = await scripted("initiator");
  const { session, peer } = running;
  const opening = session.openConnection();
  await peer.expect("ConnectionOpen");
  await peer.send(acceptOf(1));
  const client = clientOn(session, await opening, Testbed);
  const { input } = client.transform();
  await peer.expect("RequestCall");
  block(running);
  const root = watch(clientOn(session, session.root, Testbed).echo({ message: "later" }));
  const there = [client.echo({ message: "x" }), input.send("x")].map(watch);
  await settled();
  session.closeConnection(1);
  await settled();
  for (const watched of there) assert.deepEqual(watched, { outcome: "closed", times: 1 });
  assert.equal(root.times, 0);
  peer.script.link.rx.resume();
  const after: string[] = [];
  while (!after.includes("RequestCall")) {
    const message = await peer.expectAny();
    if (message.tag !== "ChannelItem") after.push(`${message.tag}`);
  }
  assert.deepEqual(after, ["ConnectionClose", "RequestCall"]);
  await peer.send(responseOf(1, [0, 0]));
  await settled();
  assert.deepEqual(root, { outcome: { value: "" }, times: 1 });
});

/** The counterpart stops reading, and the link fills up. */
function block({ session, peer }: Scripted): void {
  peer.script.link.rx.pause();
  for (;;) {
    const permit = session.tryReserve();
    if (permit === undefined) return;
    permit.send({ tag: "ChannelItem", connectionId: 0, id: 1, item: new Uint8Array(20_000) });
  }
}

function callTimeout(ms: number) {
  return Metadata.from({ "request-timeout-ms": BigInt(ms) });
}
