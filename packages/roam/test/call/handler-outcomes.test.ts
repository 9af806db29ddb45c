import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallContext, fail, method, service, t } from "roam";
import { BareConduit } from "roam/conduit";
import { establish, messageFamily } from "roam/session";
import { scriptedPeer } from "roam/testing";
import { callOf, hex, pairOf, scriptedClient } from "./harness.ts";

const Point = t.struct("Point", { x: t.i32, y: t.i32 });
const Work = service("Work", {
  double: method({ number: t.u32 }, t.u32),
  rest: method({}),
  divide: method({ number: t.i64 }, t.i64, t.enum("MathError", { DivisionByZero: t.unit, Overflow: t.unit })),
  lookup: method({ id: t.u32 }, Point, t.string),
  echo: method({ text: t.string }, t.string),
});
type WorkHandlers = Parameters<typeof scriptedClient<(typeof Work)["methods"]>>[1];

const SECRET = "the database password";

const handlers: WorkHandlers = {
  double: ({ number }) => number * 2,
  rest: () => {},
  divide: ({ number }) => (number === 0n ? fail("DivisionByZero") : 1n / number),
  lookup: ({ id }) => (id === 1 ? { x: 1, y: -1 } : fail("no")),
  echo: async ({ text }) => text,
};

suite("a call that is served", () => {
  // r[verify rpc.handler]
  // r[verify rpc.service.methods]
  for (const { name, call, ret } of [
    { name: "answers with Ok and the value", call: callOf(Work, "double", 1, { args: [4] }), ret: "00 08" },
    { name: "answers with Ok alone for unit", call: callOf(Work, "rest", 1), ret: "00" },
    {
      name: "answers with the method's own error",
      call: callOf(Work, "lookup", 1, { args: [2] }),
      ret: "01 00 02 6E 6F",
    },
    {
      name: "answers with the index of an own error without fields",
      call: callOf(Work, "divide", 1, { args: [0] }),
      ret: "01 00 00",
    },
    {
      name: "answers what an async handler resolves to",
      call: callOf(Work, "echo", 1, { args: [2, 0x68, 0x69] }),
      ret: "00 02 68 69",
    },
    {
      name: "ignores bytes behind the arguments, as 7.3 does",
      call: callOf(Work, "double", 1, { args: [4, 9] }),
      ret: "00 08",
    },
  ]) {
    test(name, async () => {
      await using served = await scriptedClient(Work, handlers);
      await served.peer.send(call);
      const response = await served.peer.expect("RequestResponse");
      assert.equal(response.id, 1);
      assert.equal(hex(response.ret), ret);
      assert.deepEqual(response.channels, []);
      assert.equal(response.metadata.size, 0);
      assert.deepEqual(served.failures, []);
      await served.peer.expectNothing();
    });
  }

  // r[verify rpc.x.args]
  // r[verify rpc.error.scope]
  for (const { name, call } of [
    { name: "arguments cut short", call: callOf(Work, "echo", 1, { args: [2, 0x68] }) },
    { name: "no arguments where some are due", call: callOf(Work, "double", 1) },
    { name: "text that is not UTF-8", call: callOf(Work, "echo", 1, { args: [1, 0xff] }) },
    {
      name: "a channel where the method has none",
      call: callOf(Work, "double", 1, { args: [4], channels: [1] }),
    },
  ]) {
    test(`${name}: InvalidPayload, and the connection lives on`, async () => {
      await using served = await scriptedClient(Work, handlers);
      await served.peer.send(call);
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 02");
      await served.peer.send(callOf(Work, "double", 3, { args: [1] }));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 02");
    });
  }

  // r[verify rpc.unknown-method]
  test("an unknown method: UnknownMethod, and the connection lives on", async () => {
    await using served = await scriptedClient(Work, handlers);
    await served.peer.send({ ...callOf(Work, "double", 1), methodLo: 1, methodHi: 2 });
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 01");
    const { methodLo, methodHi } = callOf(Work, "double", 1);
    // Only one half right is as wrong.
    await served.peer.send({ ...callOf(Work, "double", 3), methodLo, methodHi: methodHi ^ 1 });
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 01");
    await served.peer.send(callOf(Work, "double", 5, { args: [1] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 02");
  });

  // r[verify rpc.unknown-method]
  test("without any handler every method is unknown", async () => {
    const { link, peer } = scriptedPeer();
    const established = establish(new BareConduit(link, messageFamily), "acceptor", { keepAlive: true });
    await peer.handshake("initiator");
    const session = await established;
    await peer.send(callOf(Work, "double", 1, { args: [4] }));
    assert.equal(hex((await peer.expect("RequestResponse")).ret), "01 01");
    peer.die();
    await session.ended;
  });
});

suite("a handler that fails otherwise", () => {
  const wrong = (value: unknown) => value as never;
  const evilThen = {
    // biome-ignore lint/suspicious/noThenProperty: a result may be any object
    get then(): never {
      throw new Error(SECRET);
    },
  };
  // r[verify rpc.x.handler-error]
  // r[verify rpc.response.one-per-request]
  for (const { name, double, reported } of [
    {
      name: "throws",
      double: () => {
        throw new Error(SECRET);
      },
      reported: SECRET,
    },
    { name: "rejects", double: () => Promise.reject(new Error(SECRET)), reported: SECRET },
    {
      name: "throws what is no Error",
      double: () => {
        throw SECRET;
      },
      reported: SECRET,
    },
    {
      name: "raises an own error where the method has none",
      double: () => fail(SECRET),
      reported: "own error",
    },
    { name: "returns a value of another type", double: () => wrong(SECRET), reported: "encode" },
    { name: "resolves to a value of another type", double: async () => wrong(SECRET), reported: "encode" },
    { name: "returns nothing where a value is due", double: () => wrong(undefined), reported: "encode" },
    { name: "returns a value out of range", double: () => 2 ** 32, reported: "encode" },
    { name: "returns an object whose then throws", double: () => wrong(evilThen), reported: SECRET },
  ] as const) {
    test(`${name}: Cancelled on the wire, the reason reported here alone`, async () => {
      await using served = await scriptedClient(Work, { ...handlers, double });
      await served.peer.send(callOf(Work, "double", 1, { args: [4] }));
      const response = await served.peer.expect("RequestResponse");
      assert.equal(hex(response.ret), "01 03");
      assert.equal(response.metadata.size, 0);
      assert.equal(served.failures.length, 1);
      assert.match(String(served.failures[0]), new RegExp(reported));
      await served.peer.send(callOf(Work, "echo", 3, { args: [0] }));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 00");
      await served.peer.expectNothing();
    });
  }

  test("an own error that is not of the declared type: Cancelled, reported", async () => {
    await using served = await scriptedClient(Work, { ...handlers, divide: () => fail("Boredom") });
    await served.peer.send(callOf(Work, "divide", 1, { args: [2] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    assert.match(String(served.failures[0]), /Boredom|variant/);
  });

  test("an answer above the payload limit: Cancelled, reported", async () => {
    const limits = { maxPayloadBytes: 1000 };
    const echo = ({ text }: { text: string }) => text.repeat(1000);
    await using served = await scriptedClient(Work, { ...handlers, echo }, { limits });
    await served.peer.send(callOf(Work, "echo", 1, { args: [1, 0x61] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    assert.match(String(served.failures[0]), /too-large/);
  });

  test("metadata of the answer above the limit: Cancelled, reported, without the metadata", async () => {
    const echo = ({ text }: { text: string }, call: CallContext) => {
      for (let index = 0; index < 129; index++) call.addMetadata({ index: "x" });
      return text;
    };
    await using served = await scriptedClient(Work, { ...handlers, echo });
    await served.peer.send(callOf(Work, "echo", 1, { args: [0] }));
    const response = await served.peer.expect("RequestResponse");
    assert.equal(hex(response.ret), "01 03");
    assert.equal(response.metadata.size, 0);
    assert.match(String(served.failures[0]), /too-large/);
  });

  test("thenables count as promises", async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    const later = { then: (resolve: (value: number) => void) => resolve(7) };
    await using served = await scriptedClient(Work, {
      ...handlers,
      double: () => later as PromiseLike<number>,
    });
    await served.peer.send(callOf(Work, "double", 1, { args: [4] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 07");
  });

  test("handlers may be methods of an object with state", async () => {
    class Counter {
      #count = 0;
      double = ({ number }: { number: number }) => number;
      rest() {
        this.#count++;
      }
      divide = () => 1n;
      lookup = () => ({ x: this.#count, y: 0 });
      echo({ text }: { text: string }) {
        return `${text}${this.#count}`;
      }
    }
    await using pair = await pairOf(Work, new Counter());
    await pair.client.rest();
    await pair.client.rest();
    assert.equal(await pair.client.echo({ text: "rested " }), "rested 2");
  });
});
