import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { method, service, t } from "roam";
import { documentOf } from "roam/schema";
import { encode } from "roam-postcard";
import { PayloadReader } from "../src/decode/payload-reader.ts";
import { valueText } from "../src/decode/value-text.ts";
import { detailsOf } from "../src/details/details-of.ts";
import { TraceStore } from "../src/store/trace-store.ts";

const Shop = service("Shop", {
  find: method({ id: t.u64, photo: t.bytes }, t.string, t.enum("FindError", { NotFound: t.unit })),
  sum: method({ of: t.string, numbers: t.rx(t.u32) }, t.u64),
});
const base64 = (...bytes: number[]) => Buffer.from(bytes).toString("base64");

function storeOf(...events: object[]): TraceStore {
  const store = new TraceStore();
  const head = { roamTrace: 1, madeBy: "test", at: "", schema: documentOf([Shop]) };
  store.add(new TextEncoder().encode([head, ...events].map((one) => `${JSON.stringify(one)}\n`).join("")));
  return store;
}

const message = (t: number, direction: string, parts: object) => ({
  t,
  session: 1,
  kind: "message",
  direction,
  connection: 0,
  ...parts,
});

suite("details", () => {
  const args = Buffer.from(encode(t.tuple([t.u64, t.bytes]), [2n ** 63n, new Uint8Array([1, 255])])).toString(
    "base64",
  );
  const stall = {
    t: 2.5,
    session: 1,
    kind: "stall",
    connection: 0,
    what: "channel",
    id: 3,
    cause: "credit",
    ms: 1_000,
    count: 1,
    isOver: false,
  };
  const store = storeOf(
    message(1, "out", {
      tag: "RequestCall",
      id: 1,
      method: "Shop.find",
      bytes: 12,
      payload: args,
      metadata: [{ key: "token", isRedacted: true }],
    }),
    { t: 1, session: 1, kind: "call-begin", side: "caller", connection: 0, id: 1, method: "Shop.find" },
    stall,
    message(3, "in", { tag: "RequestResponse", id: 1, bytes: 3, payload: base64(1, 0, 0) }),
    {
      t: 3,
      session: 1,
      kind: "call-end",
      side: "caller",
      connection: 0,
      id: 1,
      method: "Shop.find",
      outcome: "error",
      ms: 2,
    },
  );
  const payloads = new PayloadReader(store.head?.schema);

  test("of a call have its arguments, its answer and who waited, from each of its events", () => {
    for (const number of [0, 1, 3, 4]) {
      const details = detailsOf(store, payloads, number);
      assert.equal(details?.title, "Shop.find");
      assert.deepEqual(
        details.texts.map(({ title, text }) => [title, text.replace(/\s+/g, " ")]),
        [
          ["Arguments", '{ "id": 9223372036854775808, "photo": bytes(2) 01 ff }'],
          ["Answer", 'error "NotFound"'],
        ],
      );
      const facts = new Map(details.facts);
      assert.equal(facts.get("took"), "2 ms");
      assert.equal(facts.get("metadata token"), "(left out: sensitive)");
      assert.deepEqual(details.waits, ["channel 3 waits for the consumer on the other side (no credit)"]);
    }
  });

  test("of an item have it as its channel's type says", () => {
    const streaming = storeOf(
      message(1, "out", {
        tag: "RequestCall",
        id: 1,
        method: "Shop.sum",
        channels: [5],
        bytes: 2,
        payload: base64(1, 97),
      }),
      {
        t: 1,
        session: 1,
        kind: "call-begin",
        side: "caller",
        connection: 0,
        id: 1,
        method: "Shop.sum",
        channels: [5],
      },
      message(2, "out", { tag: "ChannelItem", id: 5, bytes: 2, payload: base64(0xac, 2) }),
    );
    const reader = new PayloadReader(streaming.head?.schema);
    assert.deepEqual(detailsOf(streaming, reader, 2)?.texts[0], { title: "Item", text: "300" });
    const call = detailsOf(streaming, reader, 1);
    assert.deepEqual(call?.texts[0]?.text, '{"of": "a", "numbers": "(a channel)"}');
    assert.deepEqual(
      call.related.map(({ number }) => number),
      [2],
    );
  });

  test("show bytes where no schema says what they are", () => {
    const unknown = detailsOf(store, new PayloadReader(undefined), 1);
    assert.match(unknown?.texts[1]?.text ?? "", /^bytes\(3\) 01 00 00$/);
    assert.match(unknown?.texts[1]?.note ?? "", /no schema/);
    assert.match(new PayloadReader({ services: 1 }).problem ?? "", /schema/);
  });
});

test("values are written as one reads them", () => {
  assert.equal(valueText(new Map([[1, 2n]])), "[[1, 2]]");
  assert.equal(valueText({ a: null, b: [true, "x"] }), '{"a": null, "b": [true, "x"]}');
  assert.match(valueText(new Uint8Array(300)), /^bytes\(300\) (00 ){256}…$/);
});
