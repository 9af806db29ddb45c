import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { t } from "roam";
import { nodeOf, type Schema } from "roam-postcard";
import { channelPlan, channelWalk } from "../../src/schema/channel-plan.ts";

const Progress = t.struct("Progress", { done: t.u32 });
const Job = t.struct("Job", { name: t.string, progress: t.tx(Progress, 4), input: t.rx(t.string) });
const Source = t.enum("Source", {
  Nothing: t.unit,
  File: t.string,
  Live: t.rx(t.u8, 2),
  Both: [t.rx(t.u8), t.tx(t.u8)],
  Named: { from: t.rx(t.i32), to: t.option(t.tx(t.i32, 0)) },
});
const Everything = t.struct("Everything", {
  before: t.u32,
  job: Job,
  pair: t.tuple([t.string, t.rx(t.bool, 1)]),
  source: Source,
  maybe: t.option(Job),
  last: t.tx(t.bytes),
});

const places = (schema: Parameters<typeof channelPlan>[0]) =>
  channelPlan(schema).map(({ path, direction, credit }) => `${path} ${direction} ${credit}`);

// r[verify conduit.x.rpc-plan]
suite("channelPlan", () => {
  test("lists the places of channels in declaration order, with direction and credit", () => {
    assert.deepEqual(places(Everything), [
      "job.progress tx 4",
      "job.input rx 16",
      "pair.1 rx 1",
      "source.Live rx 2",
      "source.Both.0 rx 16",
      "source.Both.1 tx 16",
      "source.Named.from rx 16",
      "source.Named.to tx 0",
      "maybe.progress tx 4",
      "maybe.input rx 16",
      "last tx 16",
    ]);
  });

  test("names the item's type", () => {
    const [first] = channelPlan(Job);
    assert.equal(first && nodeOf(first.item), nodeOf(Progress));
  });

  test("is empty for a type without channels, and then there is nothing to walk", () => {
    assert.deepEqual(channelPlan(t.struct("Plain", { id: t.u64, tags: t.list(t.string) })), []);
    assert.equal(channelWalk(t.list(Progress)), undefined);
  });

  test("is computed once for a schema", () => {
    assert.equal(channelPlan(Everything), channelPlan(Everything));
  });

  test("of a type that contains itself lists each place once", () => {
    const Tree: Schema = t.struct("Tree", { out: t.tx(t.u8), left: t.option(t.lazy(() => Tree)) });
    assert.deepEqual(places(Tree), ["out tx 16"]);
  });

  for (const { name, schema } of [
    { name: "a list", schema: t.list(t.tx(t.u8)) },
    { name: "a map", schema: t.map(t.string, t.rx(t.u8)) },
    { name: "an array", schema: t.array(t.rx(t.u8), 2) },
    { name: "a list of structs", schema: t.struct("S", { jobs: t.list(Job) }) },
  ]) {
    test(`refuses a channel inside ${name}`, () => {
      assert.throws(() => channelPlan(schema), TypeError);
    });
  }

  test("the walk visits the channels of a value, as far as they are there", () => {
    const visited: string[] = [];
    const job = { name: "j", progress: "a", input: "b" };
    const value = {
      before: 1,
      job,
      pair: ["x", "c"],
      source: { tag: "Named", from: "d", to: null },
      maybe: null,
      last: "e",
    };
    channelWalk(Everything)?.(value, ({ direction }, handle) => visited.push(`${direction} ${handle}`));
    assert.deepEqual(visited, ["tx a", "rx b", "rx c", "rx d", "tx e"]);
    visited.length = 0;
    const other = { ...value, source: { tag: "Both", value: ["f", "g"] }, maybe: job };
    channelWalk(Everything)?.(other, (_channel, handle) => visited.push(String(handle)));
    assert.deepEqual(visited, ["a", "b", "c", "f", "g", "a", "b", "e"]);
  });
});
