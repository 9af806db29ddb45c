import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CallError, fail, method, RoamError, service, t } from "roam";
import { Metadata } from "roam/wire";
import { hex, pairOf, responseOf, scriptedServer } from "./harness.ts";

const LookupError = t.enum("LookupError", { NotFound: t.unit, Denied: { reason: t.string } });
const Names = service("Names", {
  find: method({ id: t.u32 }, t.string, LookupError),
  ping: method({}),
});

suite("an answer at the caller", () => {
  // r[verify rpc.caller]
  // r[verify rpc.request]
  test("a Call carries id, method, arguments, no channels and no metadata; the value comes back", async () => {
    await using served = await scriptedServer(Names);
    const found = served.client.find({ id: 300 });
    const call = await served.peer.expect("RequestCall");
    const { idLo, idHi } = Names.descriptors().get("find") ?? assert.fail();
    assert.deepEqual(
      { ...call, args: hex(call.args), metadata: call.metadata.size },
      {
        tag: "RequestCall",
        connectionId: 0,
        id: 1,
        methodLo: idLo,
        methodHi: idHi,
        channels: [],
        metadata: 0,
        args: "AC 02",
      },
    );
    await served.peer.send(responseOf(1, [0, 1, 0x41]));
    assert.equal(await found, "A");
  });

  // r[verify rpc.fallible.caller-signature]
  test("the method's own error is thrown typed, in detail", async () => {
    await using served = await scriptedServer(Names);
    const found = served.client.find({ id: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [1, 0, 1, 2, 0x6e, 0x6f]));
    await assert.rejects(found, (error) => {
      assert(error instanceof CallError);
      assert.equal(error.code, "user");
      assert.deepEqual(error.detail, { tag: "Denied", reason: "no" });
      assert.equal(error.method, "Names.find");
      return true;
    });
  });

  // r[verify rpc.fallible.roam-error]
  // r[verify rpc.error.scope]
  for (const { ret, code } of [
    { ret: [1, 1], code: "unknown-method" },
    { ret: [1, 2], code: "invalid-payload" },
    { ret: [1, 3], code: "cancelled" },
    { ret: [0, 9, 0x41], code: "decode" },
    { ret: [], code: "decode" },
  ] as const) {
    test(`${JSON.stringify(ret)} rejects with ${code}, and the other calls go on`, async () => {
      await using served = await scriptedServer(Names);
      const first = served.client.find({ id: 1 });
      const second = served.client.find({ id: 2 });
      await served.peer.expect("RequestCall");
      await served.peer.expect("RequestCall");
      await served.peer.send(responseOf(1, ret));
      await assert.rejects(first, { name: "CallError", code });
      await served.peer.send(responseOf(3, [0, 1, 0x42]));
      assert.equal(await second, "B");
    });
  }

  test("a lost connection is told apart from an answer of Cancelled", async () => {
    await using served = await scriptedServer(Names);
    const found = served.client.find({ id: 1 });
    await served.peer.expect("RequestCall");
    served.peer.die(new RoamError("io", "the cable is cut"));
    await assert.rejects(found, { name: "CallError", code: "io" });
    await assert.rejects(served.client.ping(), { name: "CallError", code: "io" });
  });

  test("arguments that are not of their type reject before anything is sent", async () => {
    await using served = await scriptedServer(Names);
    await assert.rejects(served.client.find({ id: -1 }), { name: "CallError", code: "encode" });
    await assert.rejects(served.client.find({ id: "1" as never }), { name: "CallError", code: "encode" });
    await served.peer.expectNothing();
    const found = served.client.find({ id: 1 });
    assert.equal((await served.peer.expect("RequestCall")).id, 1);
    await served.peer.send(responseOf(1, [0, 0]));
    assert.equal(await found, "");
  });

  // r[verify rpc.caller]
  test("result() gives the value or the error with the metadata of the answer", async () => {
    await using served = await scriptedServer(Names);
    const metadata = Metadata.from({ region: "eu" });
    const good = served.client.find.result({ id: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 1, 0x41], metadata));
    const answered = await good;
    assert(answered.ok);
    assert.equal(answered.value, "A");
    assert.equal(answered.metadata.get("region"), "eu");

    const bad = served.client.find.result({ id: 1 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(3, [1, 0, 0], metadata));
    const refused = await bad;
    assert(!refused.ok);
    assert.deepEqual(refused.error.detail, { tag: "NotFound" });
    assert.equal(refused.error.metadata.get("region"), "eu");
    assert.equal(refused.metadata.get("region"), "eu");
  });

  test("result() still throws for misuse", async () => {
    await using served = await scriptedServer(Names);
    await assert.rejects(served.client.find.result({ id: 1 }, { timeoutMs: -1 }), RangeError);
  });

  test("from one end to the other: value, own error, metadata of the answer", async () => {
    await using pair = await pairOf(Names, {
      find: ({ id }, call) => {
        call.addMetadata({ server: "a" });
        return id === 1 ? "Alice" : fail({ tag: "Denied", reason: `${id}` });
      },
      ping: () => {},
    });
    assert.equal(await pair.client.find({ id: 1 }), "Alice");
    const refused = await pair.client.find.result({ id: 2 });
    assert(!refused.ok);
    assert.equal(refused.error.code, "user");
    assert.deepEqual(refused.error.detail, { tag: "Denied", reason: "2" });
    assert.equal(refused.metadata.get("server"), "a");
    assert.equal(await pair.client.ping(), undefined);
  });
});
