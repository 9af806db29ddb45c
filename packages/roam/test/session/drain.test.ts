import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { implement } from "roam";
import type { ConnectionDecision } from "roam/session";
import { settled } from "roam/testing";
import { callOf, openOf, scripted, Testbed, testbedHandlers, text, watch } from "./harness.ts";

const CANCELLED = Uint8Array.of(1, 3);

/** A session that serves a method which answers when the test says so. */
async function serving() {
  const answers: ((answer: string) => void)[] = [];
  let aborted = 0;
  const handler = implement(Testbed, {
    ...testbedHandlers,
    echo: (_, call) =>
      new Promise<string>((resolve) => {
        call.signal.addEventListener("abort", () => aborted++);
        answers.push(resolve);
      }),
  });
  const acceptConnection = () => ({ accept: true, handler }) as const;
  const running = await scripted("acceptor", { handler, acceptConnection });
  return { ...running, running, answers, aborted: () => aborted };
}

suite("drain", () => {
  test("waits for the calls being served, on all connections, then closes", async () => {
    const { running, peer, session, answers, clock } = await serving();
    await using _ = running;
    await peer.send(openOf(1));
    await peer.expect("ConnectionAccept");
    await peer.send(callOf("echo", 1, { args: [0] }));
    await peer.send(callOf("echo", 1, { args: [0], connectionId: 1 }));
    await settled();
    const drained = watch(session.drain({ timeoutMs: 5_000 }));
    await settled();
    assert.equal(drained.times, 0);
    answers[0]?.("first");
    assert.deepEqual((await peer.expect("RequestResponse")).ret, Uint8Array.from([0, ...text("first")]));
    await settled();
    assert.equal(drained.times, 0);
    answers[1]?.("second");
    const last = await peer.expect("RequestResponse");
    assert.equal(last.connectionId, 1);
    assert.deepEqual(last.ret, Uint8Array.from([0, ...text("second")]));
    const { cause } = await peer.expectEnd();
    assert.equal(cause, undefined);
    await settled();
    assert.equal(drained.times, 1);
    assert.equal((await session.ended).code, "closed");
    assert.equal(clock.pending, 0);
  });

  test("new calls are answered Cancelled, new connections rejected", async () => {
    const { running, peer, session, answers } = await serving();
    await using _ = running;
    await peer.send(callOf("echo", 1, { args: [0] }));
    await settled();
    const drained = watch(session.drain({ timeoutMs: 5_000 }));
    await peer.send(callOf("echo", 3, { args: [0] }));
    const refused = await peer.expect("RequestResponse");
    assert.equal(refused.id, 3);
    assert.deepEqual(refused.ret, CANCELLED);
    await peer.send(openOf(1));
    await peer.expect("ConnectionReject");
    assert.equal(drained.times, 0);
    answers[0]?.("done");
    assert.equal((await peer.expect("RequestResponse")).id, 1);
    await peer.expectEnd();
  });

  test("after the timeout handlers are aborted and the session closes", async () => {
    const { running, peer, session, clock, aborted } = await serving();
    await using _ = running;
    await peer.send(callOf("echo", 1, { args: [0] }));
    await settled();
    const drained = watch(session.drain({ timeoutMs: 5_000 }));
    await clock.pass(4_999);
    assert.deepEqual([drained.times, aborted()], [0, 0]);
    await clock.pass(1);
    assert.deepEqual([drained.times, aborted()], [1, 1]);
    assert.equal((await session.ended).code, "closed");
  });

  test("a connection that was asked for before, and is accepted only now, is rejected", async () => {
    let decide = (_: ConnectionDecision) => {};
    const answers: ((answer: string) => void)[] = [];
    const echo = () => new Promise<string>((resolve) => answers.push(resolve));
    await using running = await scripted("acceptor", {
      handler: implement(Testbed, { ...testbedHandlers, echo }),
      acceptConnection: () => new Promise((resolve) => (decide = resolve)),
    });
    const { peer, session } = running;
    await peer.send(openOf(1));
    await peer.send(callOf("echo", 1, { args: [0] }));
    await settled();
    const drained = session.drain({ timeoutMs: 5_000 });
    decide({ accept: true });
    await peer.expect("ConnectionReject");
    answers[0]?.("done");
    await drained;
  });

  test("an idle session closes at once", async () => {
    const { running, peer, session, clock } = await serving();
    await using _ = running;
    await session.drain({ timeoutMs: 5_000 });
    await peer.expectEnd();
    assert.equal(clock.pending, 0);
  });

  test("two who drain both learn the end, and no timer is left", async () => {
    const { running, peer, session, answers, clock } = await serving();
    await using _ = running;
    await peer.send(callOf("echo", 1, { args: [0] }));
    await settled();
    const drained = [5_000, 9_000].map((timeoutMs) => watch(session.drain({ timeoutMs })));
    await settled();
    answers[0]?.("done");
    await settled();
    assert.deepEqual(
      drained.map(({ times }) => times),
      [1, 1],
    );
    assert.equal(clock.pending, 0);
  });

  test("a session that ends while it drains leaves no timer", async () => {
    const { running, peer, session, clock } = await serving();
    await using _ = running;
    await peer.send(callOf("echo", 1, { args: [0] }));
    await settled();
    const drained = watch(session.drain({ timeoutMs: 5_000 }));
    await settled();
    peer.die();
    await settled();
    assert.equal(drained.times, 1);
    assert.equal(clock.pending, 0);
  });
});
