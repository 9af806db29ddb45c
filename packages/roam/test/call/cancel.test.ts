import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallContext, channel, method, RoamError, service, t } from "roam";
import { settled } from "roam/testing";
import { encoded } from "../../src/testing/scripted-peer.ts";
import {
  callOf,
  cancelOf,
  hex,
  itemOf,
  pairOf,
  responseOf,
  scriptedClient,
  scriptedServer,
} from "./harness.ts";

const Jobs = service("Jobs", {
  run: method({ number: t.u32 }, t.u32),
  watch: method({ out: t.tx(t.u32) }),
  collect: method({ items: t.rx(t.u32) }, t.u32),
});

suite("giving a call up", () => {
  // r[verify rpc.cancel]
  test("before it is made: nothing is sent", async () => {
    await using served = await scriptedServer(Jobs);
    const signal = AbortSignal.abort(new Error("never mind"));
    await assert.rejects(served.client.run({ number: 1 }, { signal }), /never mind/);
    await served.peer.expectNothing();
  });

  // r[verify rpc.cancel]
  for (const { name, answer } of [
    { name: "the result", answer: [0, 7] },
    { name: "Cancelled", answer: [1, 3] },
    { name: "what does not decode", answer: [9] },
  ]) {
    test(`in flight: Cancel goes out, and ${name} that still comes is dropped`, async () => {
      await using served = await scriptedServer(Jobs);
      const controller = new AbortController();
      const run = served.client.run({ number: 1 }, { signal: controller.signal });
      await served.peer.expect("RequestCall");
      const reason = new Error("enough");
      controller.abort(reason);
      await assert.rejects(run, (error) => error === reason);
      const cancel = await served.peer.expect("RequestCancel");
      assert.equal(hex(encoded(cancel)), "00 07 01 02 00");
      await served.peer.send(responseOf(1, answer));
      await served.peer.expectNothing();
      assert.equal(served.client.$.connection.caller.inFlight, 0);
    });
  }

  test("after the answer: nothing is sent", async () => {
    await using served = await scriptedServer(Jobs);
    const controller = new AbortController();
    const run = served.client.run({ number: 1 }, { signal: controller.signal });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 7]));
    assert.equal(await run, 7);
    controller.abort();
    await served.peer.expectNothing();
  });

  test("a signal serves many calls and keeps no listener of a finished one", async () => {
    await using served = await scriptedServer(Jobs);
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (const id of [1, 3, 5]) {
      const run = served.client.run({ number: 1 }, { signal });
      await served.peer.expect("RequestCall");
      await served.peer.send(responseOf(id, [0, 7]));
      await run;
    }
    assert.equal(listeners, 0);
  });

  // r[verify rpc.cancel.channels]
  test("channels of one's own making are not touched", async () => {
    await using served = await scriptedServer(Jobs);
    const controller = new AbortController();
    const [tx, rx] = channel<number>();
    const watched = served.client.watch({ out: tx }, { signal: controller.signal });
    await served.peer.expect("RequestCall");
    controller.abort();
    await assert.rejects(watched);
    await served.peer.expect("RequestCancel");
    await served.peer.expectNothing();
    await served.peer.send(itemOf(1, [5]));
    assert.deepEqual(await rx.next(), { done: false, value: 5 });
    rx.reset();
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
  });
});

suite("a call that the counterpart gives up", () => {
  const forever = () => new Promise<never>(() => {});

  // r[verify rpc.cancel]
  // r[verify rpc.response.one-per-request]
  test("is answered with Cancelled at once; its handler's signal aborts; its value is not sent", async () => {
    const calls: CallContext[] = [];
    let finish = (_: number) => {};
    await using served = await scriptedClient(Jobs, {
      run: (_, call) => {
        calls.push(call);
        return new Promise<number>((resolve) => (finish = resolve));
      },
      watch: forever,
      collect: forever,
    });
    await served.peer.send(callOf(Jobs, "run", 1, { args: [1] }));
    await settled();
    const [call] = calls;
    assert(call !== undefined);
    assert.equal(call.signal.aborted, false);
    await served.peer.send(cancelOf(1));
    const response = await served.peer.expect("RequestResponse");
    assert.deepEqual([response.id, hex(response.ret)], [1, "01 03"]);
    assert(call.signal.aborted && call.isAborted);
    assert(call.signal.reason instanceof RoamError);
    assert.equal(call.signal.reason.code, "cancelled");
    finish(7);
    await served.peer.expectNothing();
    assert.deepEqual(served.failures, []);
  });

  test("a signal first looked at after the Cancel is aborted already", async () => {
    const seen: boolean[] = [];
    let go = () => {};
    await using served = await scriptedClient(Jobs, {
      run: async (_, call) => {
        await new Promise<void>((resolve) => (go = resolve));
        seen.push(call.signal.aborted);
        throw call.signal.reason;
      },
      watch: forever,
      collect: forever,
    });
    await served.peer.send(callOf(Jobs, "run", 1, { args: [1] }));
    await served.peer.send(cancelOf(1));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    go();
    await served.peer.expectNothing();
    assert.deepEqual(seen, [true]);
    // That it fails then is expected and no news.
    assert.deepEqual(served.failures, []);
  });

  // r[verify rpc.cancel.channels]
  test("its channels live on until its handler ends", async () => {
    const sums: number[] = [];
    await using served = await scriptedClient(Jobs, {
      run: forever,
      watch: forever,
      collect: async ({ items }) => {
        let sum = 0;
        for await (const item of items) sum += item;
        sums.push(sum);
        return sum;
      },
    });
    await served.peer.send(callOf(Jobs, "collect", 1, { channels: [1] }));
    await served.peer.send(itemOf(1, [5]));
    await served.peer.send(cancelOf(1));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    await served.peer.send(itemOf(1, [6]));
    await served.peer.send({
      tag: "ChannelClose",
      connectionId: 0,
      id: 1,
      metadata: served.session.root.metadata,
    });
    await settled();
    assert.deepEqual(sums, [11]);
    await served.peer.expectNothing();
  });

  for (const { name, id } of [
    { name: "an unknown id", id: 9 },
    { name: "an id of our parity", id: 2 },
  ]) {
    test(`Cancel for ${name} is ignored`, async () => {
      await using served = await scriptedClient(Jobs, {
        run: ({ number }) => number,
        watch: forever,
        collect: forever,
      });
      await served.peer.send(cancelOf(id));
      await served.peer.send(callOf(Jobs, "run", 1, { args: [1] }));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 01");
      await served.peer.send(cancelOf(1));
      await served.peer.expectNothing();
    });
  }

  test("from one end to the other the handler learns of the abort", async () => {
    let learned: (reason: unknown) => void = () => {};
    const reason = new Promise<unknown>((resolve) => (learned = resolve));
    let isStarted = () => {};
    const started = new Promise<void>((resolve) => (isStarted = resolve));
    await using pair = await pairOf(Jobs, {
      run: (_, call) => {
        call.signal.addEventListener("abort", () => learned(call.signal.reason));
        isStarted();
        return forever();
      },
      watch: forever,
      collect: forever,
    });
    const controller = new AbortController();
    const run = pair.client.run({ number: 1 }, { signal: controller.signal });
    await started;
    controller.abort();
    await assert.rejects(run, { name: "AbortError" });
    const seen = await reason;
    assert(seen instanceof RoamError);
    assert.equal(seen.code, "cancelled");
  });
});
