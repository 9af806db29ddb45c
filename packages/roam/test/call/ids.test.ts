import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { method, ProtocolError, service, t } from "roam";
import type { Id } from "roam/wire";
import { callOf, cancelOf, hex, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Echo = service("Echo", {
  now: method({ number: t.u32 }, t.u32),
  never: method({}, t.u32),
});
const handlers = {
  now: ({ number }: { number: number }) => number,
  never: () => new Promise<number>(() => {}),
};
const call = (id: Id) => callOf(Echo, "now", id, { args: [5] });

suite("request ids of ours", () => {
  // r[verify rpc.request.id-allocation]
  for (const { parity, ids } of [
    { parity: "odd", ids: [1, 3, 5] },
    { parity: "even", ids: [2, 4, 6] },
  ] as const) {
    test(`${parity} parity gives ${ids.join(", ")}, also when earlier ones are answered`, async () => {
      await using served = await scriptedServer(Echo, { parity });
      for (const id of ids) {
        const answer = served.client.now({ number: 1 });
        assert.equal((await served.peer.expect("RequestCall")).id, id);
        await served.peer.send(responseOf(id, [0, id]));
        assert.equal(await answer, id);
      }
    });
  }

  // r[verify rpc.pipelining]
  test("answers come in any order, each to its call", async () => {
    await using served = await scriptedServer(Echo);
    const answers = [1, 2, 3].map((number) => served.client.now({ number }));
    for (const id of [1, 3, 5]) assert.equal((await served.peer.expect("RequestCall")).id, id);
    for (const id of [5, 1, 3]) await served.peer.send(responseOf(id, [0, id]));
    assert.deepEqual(await Promise.all(answers), [1, 3, 5]);
  });

  // r[verify rpc.response.one-per-request]
  for (const { name, id } of [
    { name: "an id that was never issued", id: 3 },
    { name: "an id of the other parity", id: 2 },
    { name: "id 0", id: 0 },
    { name: "an id beyond 2^53", id: 2n ** 60n + 1n },
  ]) {
    test(`a response for ${name} is a protocol error`, async () => {
      await using served = await scriptedServer(Echo);
      const answer = served.client.now({ number: 1 });
      await served.peer.expect("RequestCall");
      await served.peer.send(responseOf(id, [0, 1]));
      const told = await served.peer.expect("ProtocolError");
      assert.match(told.description, /rpc\.response\.one-per-request/);
      await assert.rejects(answer, { code: "protocol-error" });
      assert((await served.client.$.session.ended) instanceof ProtocolError);
    });
  }

  test("a second response is ignored", async () => {
    await using served = await scriptedServer(Echo);
    const first = served.client.now({ number: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 1]));
    await served.peer.send(responseOf(1, [0, 2]));
    assert.equal(await first, 1);
    const second = served.client.now({ number: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(3, [0, 3]));
    assert.equal(await second, 3);
  });
});

suite("request ids of the counterpart", () => {
  // r[verify rpc.request.id-allocation]
  for (const { name, ids } of [
    { name: "our parity", ids: [2] },
    { name: "0", ids: [0] },
    { name: "our parity, beyond 2^53", ids: [2n ** 60n] },
  ]) {
    test(`${name} is a protocol error`, async () => {
      await using served = await scriptedClient(Echo, handlers);
      for (const id of ids) await served.peer.send(call(id));
      const told = await served.peer.expect("ProtocolError");
      assert.match(told.description, /rpc\.request\.id-allocation/);
      assert((await served.session.ended) instanceof ProtocolError);
    });
  }

  for (const id of [1, 2n ** 60n + 1n]) {
    test(`id ${id} a second time while in flight is a protocol error`, async () => {
      await using served = await scriptedClient(Echo, handlers);
      await served.peer.send(callOf(Echo, "never", id));
      await served.peer.send(callOf(Echo, "never", id));
      const told = await served.peer.expect("ProtocolError");
      assert.match(told.description, /in flight/);
    });
  }

  test("ids beyond 2^53 are answered and cancelled exactly, neighbours apart", async () => {
    await using served = await scriptedClient(Echo, handlers);
    const large = 2n ** 60n + 1n;
    await served.peer.send(callOf(Echo, "never", large));
    await served.peer.send(callOf(Echo, "never", large + 2n));
    await served.peer.send(call(large + 4n));
    const answered = await served.peer.expect("RequestResponse");
    assert.equal(answered.id, large + 4n);
    assert.equal(hex(answered.ret), "00 05");
    await served.peer.send(cancelOf(large + 2n));
    const cancelled = await served.peer.expect("RequestResponse");
    assert.equal(cancelled.id, large + 2n);
    assert.equal(hex(cancelled.ret), "01 03");
    await served.peer.expectNothing();
  });

  test("an answered id may come again: 7.3 takes it too", async () => {
    await using served = await scriptedClient(Echo, handlers);
    for (let round = 0; round < 2; round++) {
      await served.peer.send(call(1));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 05");
    }
  });

  test("even parity on the other side makes odd ids ours", async () => {
    await using served = await scriptedServer(Echo, { parity: "even" });
    await served.peer.send({ ...call(1), methodLo: 0, methodHi: 0 });
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 01");
    await served.peer.send(call(2));
    assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.request\.id-allocation/);
  });
});
