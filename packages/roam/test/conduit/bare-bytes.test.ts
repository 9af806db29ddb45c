import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BareConduit, type MessageFamily } from "roam/conduit";
import { memoryLinkPair } from "roam/link";
import { establish, messageFamily } from "roam/session";
import { duplexLink } from "roam/streams";
import { type Item, itemFamily, scriptedLink, settled } from "roam/testing";
import { type Message, Metadata } from "roam/wire";
import { compile, Reader, t } from "roam-postcard";
import { RoamError } from "../../src/errors.ts";
import { WritesDuplex } from "../link/writes-duplex.ts";

const PING: Message = { tag: "Ping", connectionId: 0, nonce: 7 };
const PING_BYTES = [0, 9, 7];
const CALL: Message = {
  tag: "RequestCall",
  connectionId: 0,
  id: 1,
  methodLo: 0x81,
  methodHi: 0,
  channels: [3],
  metadata: Metadata.EMPTY,
  args: Uint8Array.of(2, 0x68, 0x69),
};
// connection 0, payload 7, request 1, body 0, method 0x81, one channel 3, no metadata, arguments
const CALL_BYTES = [0, 7, 1, 0, 0x81, 1, 1, 3, 0, 2, 0x68, 0x69];

/** A message as bytes would make it, with what is still to be read of it. */
function plain(message: Message): Message {
  if (message.tag !== "RequestCall" || !(message.args instanceof Reader)) return message;
  return { ...message, args: message.args.rest() };
}

function onScript<M>(family: MessageFamily<M>) {
  const { link, script } = scriptedLink();
  return { link, script, ...new BareConduit(link, family).split() };
}

suite("bytes of a bare conduit", () => {
  // r[verify conduit.bare]
  // r[verify zerocopy.framing.conduit.bare]
  // r[verify zerocopy.framing.conduit]
  // r[verify zerocopy.framing.value]
  test("a value's encoding is the payload, both ways", async () => {
    const { script, tx, rx } = onScript(messageFamily);
    for (const { message, bytes } of [
      { message: PING, bytes: PING_BYTES },
      { message: CALL, bytes: CALL_BYTES },
    ]) {
      (await tx.reserve()).send(message);
      await script.expectBytes(bytes);
      await script.send(bytes);
      const received = await rx.recv();
      assert(received !== null);
      assert.deepEqual(plain(received.value), message);
    }
    script.die();
  });

  // r[verify zerocopy.framing]
  // r[verify zerocopy.framing.link]
  // r[verify zerocopy.framing.pipeline]
  // r[verify zerocopy.framing.pipeline.outgoing]
  test("over a stream, the link's framing stands around the conduit's, around the value", async () => {
    const duplex = new WritesDuplex();
    const { tx, rx } = new BareConduit(duplexLink(duplex), messageFamily).split();
    (await tx.reserve()).send(CALL);
    await settled();
    assert.deepEqual(duplex.writes, [[CALL_BYTES.length, 0, 0, 0, ...CALL_BYTES]]);
    duplex.push(Uint8Array.of(PING_BYTES.length, 0, 0, 0, ...PING_BYTES));
    assert.deepEqual((await rx.recv())?.value, PING);
    duplex.destroy();
  });

  // r[verify zerocopy.framing.pipeline.incoming]
  test("the arguments in a received message are read from the payload it came in", async () => {
    const { script, rx } = onScript(messageFamily);
    await script.send(CALL_BYTES);
    const received = await rx.recv();
    assert.equal(received?.value.tag, "RequestCall");
    const args = received.value.args;
    assert(args instanceof Reader);
    assert.equal(args.bytes.buffer, received.backing.buffer);
    assert.equal(args.offset, CALL_BYTES.length - 3);
    script.die();
  });

  // r[verify zerocopy.payload]
  // r[verify zerocopy.payload.borrowed]
  // r[verify zerocopy.payload.bytes]
  // r[verify zerocopy.framing.value.opaque]
  test("a payload given as a value and one given as bytes are the same on the wire", async () => {
    const { script, tx } = onScript(messageFamily);
    const { encode } = compile(t.tuple([t.string]));
    (await tx.reserve()).send({ ...CALL, args: { value: ["hi"], encode } });
    await script.expectBytes(CALL_BYTES);
    (await tx.reserve()).send({ ...CALL, args: Uint8Array.of(2, 0x68, 0x69) });
    await script.expectBytes(CALL_BYTES);
    script.die();
  });

  // r[verify zerocopy.framing.value.opaque]
  // r[verify zerocopy.payload.bytes]
  for (const { name, bytes } of [
    { name: "a call", bytes: CALL_BYTES },
    { name: "a response", bytes: [0, 7, 1, 1, 0, 0, 0, 0xff, 0xfe, 9] },
    { name: "an item", bytes: [0, 8, 3, 0, 0xde, 0xad, 0xbe, 0xef] },
    { name: "an item without bytes", bytes: [0, 8, 3, 0] },
  ]) {
    test(`${name} is passed on as the same bytes, without being understood`, async () => {
      const inbound = onScript(messageFamily);
      const outbound = onScript(messageFamily);
      await inbound.script.send(bytes);
      const received = await inbound.rx.recv();
      assert(received !== null);
      (await outbound.tx.reserve()).send(received.value);
      await outbound.script.expectBytes(bytes);
      inbound.script.die();
      outbound.script.die();
    });
  }
});

suite("failures of a bare conduit", () => {
  // r[verify conduit.bare]
  test("when the link dies, the conduit is dead", async () => {
    const { script, tx, rx } = onScript(messageFamily);
    const waiting = rx.recv();
    script.die(new RoamError("io", "the cable is cut"));
    await assert.rejects(waiting, { code: "io", message: /cable/ });
    await assert.rejects(rx.recv(), { code: "io" });
    await assert.rejects(tx.reserve(), { code: "io" });
  });

  // r[verify conduit.x.errors]
  // r[verify conduit.x.recv]
  for (const { name, bytes } of [
    { name: "no bytes at all", bytes: [] },
    { name: "an unknown payload index", bytes: [0, 11] },
    { name: "a message that ends early", bytes: [0, 9] },
    { name: "a varint that never ends", bytes: new Array<number>(12).fill(0xff) },
  ]) {
    test(`${name} is a decode error, for good, and what came before is still delivered`, async () => {
      const { script, tx, rx } = onScript(messageFamily);
      await script.send(PING_BYTES);
      await script.send(bytes);
      await script.send(PING_BYTES);
      assert.deepEqual((await rx.recv())?.value, PING);
      for (let time = 0; time < 3; time++) await assert.rejects(rx.recv(), { code: "decode" });
      await assert.rejects(tx.reserve(), { code: "decode" });
    });
  }

  // r[verify conduit.x.errors]
  test("pushed: a decode error ends the flow once, and nothing comes after it", async () => {
    const { script, rx } = onScript(messageFamily);
    const events: string[] = [];
    rx.start(
      ({ tag }) => events.push(tag),
      (cause) => events.push(cause?.code ?? "end"),
    );
    for (const bytes of [PING_BYTES, [0, 11], PING_BYTES, [0, 11]]) await script.send(bytes);
    await script.end();
    await settled();
    assert.deepEqual(events, ["Ping", "decode"]);
  });

  // r[verify conduit.x.errors]
  test("a payload above the limit is told from other failures", async () => {
    const { script, rx } = onScript(messageFamily);
    rx.maxPayloadBytes = 2;
    await script.send(PING_BYTES);
    await assert.rejects(rx.recv(), { code: "too-large" });
  });

  // r[verify conduit.x.errors]
  test("an encoder's own mistake passes as it is, and harms nothing", async () => {
    const mistake = new TypeError("a bug in an encoder");
    const { script, tx } = onScript<Message>({
      ...messageFamily,
      encode: (writer, message) => {
        messageFamily.encode(writer, message);
        if (message.tag === "Pong") throw mistake;
      },
    });
    const permit = await tx.reserve();
    assert.throws(() => permit.send({ tag: "Pong", connectionId: 0, nonce: 1 }), mistake);
    (await tx.reserve()).send(PING);
    await script.expectBytes(PING_BYTES);
    await script.expectNothing();
    script.die();
  });
});

suite("families and roles", () => {
  // r[verify conduit.typeplan]
  // r[verify conduit.x.msg-family]
  test("the codec is looked up when the conduit is split, not for each item", async () => {
    let lookups = 0;
    const counted: MessageFamily<Item> = {
      schema: itemFamily.schema,
      get encode() {
        lookups++;
        return itemFamily.encode;
      },
      get decode() {
        lookups++;
        return itemFamily.decode;
      },
    };
    const [here, there] = memoryLinkPair();
    const { tx } = new BareConduit(here, counted).split();
    const { rx } = new BareConduit(there, counted).split();
    const after = lookups;
    for (let id = 0; id < 20; id++) {
      (await tx.reserve()).send({ id, text: "", blob: new Uint8Array() });
      assert.equal((await rx.recv())?.value.id, id);
    }
    assert.equal(lookups, after);
    here.destroy();
  });

  // r[verify conduit.x.msg-family]
  test("the session's family knows its schema, both directions and its fillers", async () => {
    const { script, tx } = onScript(messageFamily);
    assert(messageFamily.fillers !== undefined);
    (await tx.reserve()).send(messageFamily.fillers.ack);
    await script.expectBytes([0, 10, 0]);
    (await tx.reserve()).send(messageFamily.fillers.close);
    await script.expectBytes([0, 6, 0]);
    script.die();
  });

  // r[verify conduit.x.role]
  test("either end of a conduit takes either role", async () => {
    for (const isSwapped of [false, true]) {
      const [left, right] = memoryLinkPair().map((link) => new BareConduit(link, messageFamily));
      assert(left !== undefined && right !== undefined);
      const [initiator, acceptor] = isSwapped ? [right, left] : [left, right];
      const sessions = await Promise.all([
        establish(initiator, "initiator", { keepAlive: true }),
        establish(acceptor, "acceptor", { keepAlive: true }),
      ]);
      await Promise.all(sessions.map((session) => session.close()));
    }
  });
});
