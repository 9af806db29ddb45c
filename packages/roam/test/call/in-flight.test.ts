import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channel, DEFAULT_LIMITS, implement, method, service, t } from "roam";
import { settled, VirtualClock } from "roam/testing";
import { Reader } from "roam-postcard";
import { Dispatcher } from "../../src/call/dispatcher.ts";
import { ChannelTable } from "../../src/channel/channel-table.ts";
import type { MessageSink } from "../../src/channel/message-sink.ts";
import { callOf, cancelOf, hex, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Slow = service("Slow", {
  wait: method({ number: t.u32 }, t.u32),
  feed: method({ items: t.rx(t.u32) }, t.u32),
});

suite("calls of ours in flight", () => {
  // r[verify rpc.flow-control.max-concurrent-requests]
  // r[verify rpc.flow-control]
  // r[verify rpc.x.queue]
  test("never more than the counterpart takes; the rest goes out in order as answers come", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 2 });
    const { client, peer } = served;
    const answers = [0, 1, 2, 3, 4].map((number) => client.wait({ number }));
    for (const id of [1, 3]) assert.equal((await peer.expect("RequestCall")).id, id);
    await peer.expectNothing();
    assert.equal(client.$.connection.caller.queued, 3);
    for (const [answered, next, args] of [
      [3, 5, "02"],
      [1, 7, "03"],
      [5, 9, "04"],
    ] as const) {
      await peer.send(responseOf(answered, [0, answered]));
      const call = await peer.expect("RequestCall");
      assert.deepEqual([call.id, hex(call.args)], [next, args]);
      await peer.expectNothing();
    }
    for (const id of [7, 9]) await peer.send(responseOf(id, [0, id]));
    assert.deepEqual(await Promise.all(answers), [1, 3, 5, 7, 9]);
    assert.equal(client.$.connection.caller.inFlight, 0);
  });

  test("a later call does not pass the ones that wait", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 1 });
    const first = served.client.wait({ number: 0 });
    const second = served.client.wait({ number: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 0]));
    await first;
    const third = served.client.wait({ number: 2 });
    for (const [id, args] of [
      [3, "01"],
      [5, "02"],
    ] as const) {
      const call = await served.peer.expect("RequestCall");
      assert.deepEqual([call.id, hex(call.args)], [id, args]);
      await served.peer.send(responseOf(id, [0, id]));
    }
    assert.deepEqual(await Promise.all([second, third]), [3, 5]);
  });

  // r[verify rpc.x.queue]
  test("a call aborted while it waits sends nothing and frees its place in line", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 1 });
    const controller = new AbortController();
    const first = served.client.wait({ number: 0 });
    const second = served.client.wait({ number: 1 }, { signal: controller.signal });
    const third = served.client.wait({ number: 2 });
    await served.peer.expect("RequestCall");
    controller.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    await served.peer.expectNothing();
    await served.peer.send(responseOf(1, [0, 0]));
    assert.equal(hex((await served.peer.expect("RequestCall")).args), "02");
    await served.peer.send(responseOf(3, [0, 3]));
    assert.deepEqual(await Promise.all([first, third]), [0, 3]);
  });

  // r[verify rpc.x.queue]
  test("the deadline runs while the call waits", async () => {
    const clock = new VirtualClock();
    await using served = await scriptedServer(Slow, { clock }, { maxConcurrentRequests: 1 });
    const first = served.client.wait({ number: 0 });
    const second = served.client.wait({ number: 1 }, { timeoutMs: 100 });
    await served.peer.expect("RequestCall");
    const expired = assert.rejects(second, { name: "CallError", code: "deadline-exceeded" });
    await clock.pass(100);
    await expired;
    await served.peer.send(responseOf(1, [0, 0]));
    await first;
    await served.peer.expectNothing();
  });

  // r[verify rpc.x.queue]
  test("a full queue refuses the next call at once, and its channels with it", async () => {
    await using served = await scriptedServer(
      Slow,
      { limits: { maxQueuedCalls: 2 } },
      { maxConcurrentRequests: 1 },
    );
    const calls = [0, 1, 2].map((number) => served.client.wait({ number }));
    const [tx, rx] = channel<number>();
    await assert.rejects(served.client.feed({ items: rx }), { name: "CallError", code: "queue-full" });
    await assert.rejects(tx.send(1), { code: "queue-full" });
    for (const id of [1, 3, 5]) {
      await served.peer.expect("RequestCall");
      await served.peer.send(responseOf(id, [0, id]));
    }
    assert.deepEqual(await Promise.all(calls), [1, 3, 5]);
  });

  test("the queue holds 1,024 by default", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 1 });
    const calls = Array.from({ length: 1025 }, (_, number) => served.client.wait({ number }));
    await assert.rejects(served.client.wait({ number: 0 }), { code: "queue-full" });
    served.peer.die();
    for (const call of calls) await assert.rejects(call, { code: "io" });
  });

  test("a limit of 0 fails a call at once", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 0 });
    await assert.rejects(served.client.wait({ number: 0 }), { name: "CallError", code: "queue-full" });
    await served.peer.expectNothing();
  });

  // r[verify rpc.x.queue]
  // r[verify rpc.cancel]
  test("a cancelled call keeps its place until it is answered", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 1 });
    const controller = new AbortController();
    const first = served.client.wait({ number: 0 }, { signal: controller.signal });
    const second = served.client.wait({ number: 1 });
    await served.peer.expect("RequestCall");
    controller.abort();
    await assert.rejects(first, { name: "AbortError" });
    assert.equal((await served.peer.expect("RequestCancel")).id, 1);
    await served.peer.expectNothing();
    await served.peer.send(responseOf(1, [1, 3]));
    assert.equal((await served.peer.expect("RequestCall")).id, 3);
    await served.peer.send(responseOf(3, [0, 3]));
    assert.equal(await second, 3);
  });

  // r[verify rpc.cancel]
  test("or for 30 s without an answer; a later answer is dropped", async () => {
    const clock = new VirtualClock();
    await using served = await scriptedServer(Slow, { clock }, { maxConcurrentRequests: 1 });
    const controller = new AbortController();
    const first = served.client.wait({ number: 0 }, { signal: controller.signal });
    const second = served.client.wait({ number: 1 });
    await served.peer.expect("RequestCall");
    controller.abort();
    await assert.rejects(first, { name: "AbortError" });
    await served.peer.expect("RequestCancel");
    await clock.pass(29_999);
    await served.peer.expectNothing();
    await clock.pass(1);
    assert.equal((await served.peer.expect("RequestCall")).id, 3);
    await served.peer.send(responseOf(1, [0, 1]));
    await served.peer.send(responseOf(3, [0, 3]));
    assert.equal(await second, 3);
    assert.equal(clock.pending, 0);
  });

  test("a connection lost between a call's turn and its sending fails the call", async () => {
    await using served = await scriptedServer(Slow, {}, { maxConcurrentRequests: 1 });
    const first = served.client.wait({ number: 0 });
    const second = served.client.wait({ number: 1 });
    await served.peer.expect("RequestCall");
    const { caller } = served.client.$.connection;
    // The answer gives the second call its turn; what ends the connection follows at once.
    caller.onResponse({ ...responseOf(1, []), ret: new Reader(Uint8Array.of(0, 0)) });
    const ended = served.client.$.session.close();
    assert.equal(await first, 0);
    await assert.rejects(second, { name: "CallError", code: "closed" });
    await ended;
  });
});

suite("calls of the counterpart in flight", () => {
  const held = () => {
    const release: ((value: number) => void)[] = [];
    const started: number[] = [];
    const wait = ({ number }: { number: number }) => {
      started.push(number);
      return new Promise<number>((resolve) => release.push(resolve));
    };
    return { release, started, wait, feed: () => 0 };
  };
  const call = (number: number) => callOf(Slow, "wait", 2 * number + 1, { args: [number] });

  // r[verify rpc.flow-control.max-concurrent-requests.default]
  test("64 are announced unless told otherwise", async () => {
    await using served = await scriptedServer(Slow);
    assert.equal(served.client.$.session.limits.maxConcurrentRequests, 64);
    assert.equal(served.client.$.connection.counterpart.maxConcurrentRequests, 64);
  });

  test("up to twice the announced number wait, then it is a protocol error", async () => {
    const { wait, feed, release, started } = held();
    const limits = { maxConcurrentRequests: 2 };
    await using served = await scriptedClient(Slow, { wait, feed }, { limits });
    for (let number = 0; number < 6; number++) await served.peer.send(call(number));
    await settled();
    assert.deepEqual(started, [0, 1]);
    assert.equal(served.session.root.dispatcher.queued, 4);
    release[0]?.(40);
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 28");
    assert.deepEqual(started, [0, 1, 2]);
    await served.peer.send(call(6));
    await served.peer.expectNothing();
    await served.peer.send(call(7));
    const told = await served.peer.expect("ProtocolError");
    assert.match(told.description, /rpc\.flow-control\.max-concurrent-requests/);
  });

  test("a cancelled handler counts until it is done", async () => {
    const { wait, feed, release, started } = held();
    await using served = await scriptedClient(Slow, { wait, feed }, { limits: { maxConcurrentRequests: 1 } });
    await served.peer.send(call(0));
    await served.peer.send(cancelOf(1));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    await served.peer.send(call(1));
    await served.peer.expectNothing();
    assert.deepEqual(started, [0]);
    assert.equal(served.session.root.dispatcher.running, 1);
    release[0]?.(1);
    await settled();
    assert.deepEqual(started, [0, 1]);
    release[1]?.(9);
    const answered = await served.peer.expect("RequestResponse");
    assert.deepEqual([answered.id, hex(answered.ret)], [3, "00 09"]);
    await served.peer.expectNothing();
  });

  test("a call cancelled while it waits is answered, never served, and counts no more", async () => {
    const { wait, feed, release, started } = held();
    await using served = await scriptedClient(Slow, { wait, feed }, { limits: { maxConcurrentRequests: 1 } });
    await served.peer.send(call(0));
    for (let round = 0; round < 10; round++) {
      const number = 2 * round + 1;
      await served.peer.send(call(number));
      await served.peer.send({ ...callOf(Slow, "feed", 2 * number + 3, { channels: [2 * round + 1] }) });
      await served.peer.send(cancelOf(2 * number + 1));
      await served.peer.send(cancelOf(2 * number + 3));
      for (const id of [2 * number + 1, 2 * number + 3]) {
        const answered = await served.peer.expect("RequestResponse");
        assert.deepEqual([answered.id, hex(answered.ret)], [id, "01 03"]);
      }
      // Nobody will ever read there.
      assert.equal((await served.peer.expect("ChannelReset")).id, 2 * round + 1);
    }
    assert.equal(served.session.root.dispatcher.queued, 0);
    release[0]?.(1);
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 01");
    await served.peer.expectNothing();
    assert.deepEqual(started, [0]);
  });

  test("a rule broken by a call that had to wait ends the session, not the process", async () => {
    const { wait, feed, release } = held();
    await using served = await scriptedClient(Slow, { wait, feed }, { limits: { maxConcurrentRequests: 1 } });
    await served.peer.send(call(0));
    await served.peer.send(callOf(Slow, "feed", 3, { channels: [2] }));
    await served.peer.expectNothing();
    release[0]?.(1);
    assert.equal((await served.peer.expect("RequestResponse")).id, 1);
    assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.channel\.allocation/);
  });

  test("handlers that answer at once work off a long queue without growing the stack", async () => {
    let release = () => {};
    let answered = 0;
    const handlers = {
      wait: ({ number }: { number: number }) =>
        number === 0 ? new Promise<number>((resolve) => (release = () => resolve(0))) : number,
      feed: () => 0,
    };
    const sink: MessageSink = {
      connectionId: 0,
      // Takes any number of answers at once, as a fast link may.
      post: (_, onDone) => {
        answered++;
        onDone?.();
      },
      tryPost: () => {
        answered++;
        return true;
      },
      trySend: () => false,
      tryReserve: () => undefined,
      onLimit: () => {},
      reserve: () => Promise.reject(new Error("nothing is sent but answers")),
    };
    const parity = "even";
    const none = { maxChannels: 0, maxUnboundItems: 0, maxUnboundBytes: 0, onBuffered() {}, onLive() {} };
    const dispatcher = new Dispatcher({
      sink,
      channels: new ChannelTable({ sink, parity, ...none }),
      parity,
      handler: implement(Slow, handlers),
      limits: { ...DEFAULT_LIMITS, maxConcurrentRequests: 10_000 },
      clock: new VirtualClock(),
      peer: "the test",
      onHandlerError: (error) => assert.fail(String(error)),
      onBuffered() {},
      onRunning() {},
      onViolation: (error) => assert.fail(String(error)),
    });
    for (let index = 0; index < 30_000; index++) {
      const args = new Reader(Uint8Array.of(index < 10_000 ? 0 : 1));
      dispatcher.onCall({ ...callOf(Slow, "wait", 2 * index + 1), args });
    }
    assert.equal(dispatcher.queued, 20_000);
    release();
    await settled();
    assert.deepEqual([dispatcher.queued, dispatcher.running, answered], [0, 9_999, 20_001]);
  });
});
