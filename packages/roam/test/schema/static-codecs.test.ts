import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fail, method, service, t } from "roam";
import { documentOf } from "roam/schema";
import { type StaticCode, withCodecs } from "roam/static-codecs";
import type { Schema } from "roam-postcard";
import { staticCodeText } from "roam-postcard/static-text";
import { pairOf } from "../call/harness.ts";

const Point = t.struct("Point", { x: t.i32, label: t.string });
const Refused = t.enum("Refused", { No: t.unit, Yes: t.string });
const Plain = service("Plain", {
  move: method({ at: Point }, t.list(Point), Refused),
  follow: method({ out: t.tx(Point), since: t.u8 }),
});

/** The code of a schema, which notes what it does. */
function noted(name: string, schema: Schema, notes: Set<string>): StaticCode {
  const code: StaticCode = new Function(`"use strict";return ${staticCodeText(schema)}`)();
  return {
    encoder(help, closure, slow) {
      const encode = code.encoder(help, closure, slow);
      return (writer, value) => {
        notes.add(`${name} encoded`);
        encode(writer, value);
      };
    },
    decoder(help, closure, slow) {
      const decode = code.decoder(help, closure, slow);
      return (reader) => {
        notes.add(`${name} decoded`);
        return decode(reader);
      };
    },
  };
}

suite("a service with codecs of its own", () => {
  test("codes arguments, answers, errors and items with them, and is described as without", async () => {
    const notes = new Set<string>();
    const args = t.struct("args", { at: Point }) as Schema;
    const Fast = withCodecs(Plain, {
      move: {
        args: noted("args", args, notes),
        returns: noted("answer", t.list(Point) as Schema, notes),
        error: noted("error", Refused as Schema, notes),
      },
      follow: { items: [noted("item", Point as Schema, notes)] },
    });
    assert.deepEqual(documentOf([Fast]), documentOf([Plain]));
    assert.deepEqual(Fast.digest(), Plain.digest());
    await using pair = await pairOf(Fast, {
      move: ({ at }) => (at.x < 0 ? fail({ tag: "Yes", value: at.label }) : [at, at]),
      follow: async ({ out, since }) => out.send({ x: since, label: "é" }),
    });
    const { client } = pair;
    const at = { x: 1, label: "here" };
    assert.deepEqual(await client.move({ at }), [at, at]);
    const answer = await client.move.result({ at: { x: -1, label: "there" } });
    assert.deepEqual(!answer.ok && answer.error.detail, { tag: "Yes", value: "there" });
    const items = [];
    for await (const item of client.follow({ since: 7 }).out) items.push(item);
    assert.deepEqual(items, [{ x: 7, label: "é" }]);
    const both = (name: string) => [`${name} decoded`, `${name} encoded`];
    assert.deepEqual([...notes].sort(), ["answer", "args", "error", "item"].flatMap(both));
  });
});
