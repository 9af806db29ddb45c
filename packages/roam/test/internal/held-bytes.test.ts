import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RoamError } from "roam";
import { settled } from "roam/testing";
import { HeldBytes, Holder } from "../../src/internal/held-bytes.ts";

/** Holders by their names, and who had to give up so far. */
function holders(maxBytes: number, ...names: readonly string[]) {
  const all = new HeldBytes(maxBytes);
  const givenUp: string[] = [];
  const open = (name: string) => {
    const holder: Holder = new Holder(all, ({ code }: RoamError) => {
      givenUp.push(`${name}: ${code}`);
      holder.close();
    });
    return holder;
  };
  return { all, givenUp, each: names.map(open) as [Holder, Holder, Holder] };
}

// r[verify session.x.limits]
suite("bytes held for all peers together", () => {
  test("up to the limit nobody is asked for them", async () => {
    const { all, givenUp, each } = holders(100, "a", "b");
    each[0].add(60);
    each[1].add(40);
    each[0].add(-10);
    each[1].add(10);
    await settled();
    assert.deepEqual([all.bytes, givenUp], [100, []]);
  });

  test("above it whoever holds most gives up, and nobody else if that is enough", async () => {
    const { all, givenUp, each } = holders(100, "a", "b", "c");
    each[0].add(30);
    each[1].add(45);
    each[2].add(26);
    assert.deepEqual(givenUp, [], "not from within");
    await settled();
    assert.deepEqual([all.bytes, givenUp], [56, ["b: too-large"]]);
    each[1].add(1_000);
    assert.equal(all.bytes, 56, "who has given up counts no more");
  });

  test("above it by far several do", async () => {
    const { all, givenUp, each } = holders(10, "a", "b", "c");
    each[0].add(30);
    each[1].add(45);
    each[2].add(5);
    await settled();
    assert.deepEqual([all.bytes, givenUp], [5, ["b: too-large", "a: too-large"]]);
  });

  test("who went below it again before the turn was over is left alone", async () => {
    const { givenUp, each } = holders(10, "a");
    each[0].add(30);
    each[0].add(-25);
    await settled();
    each[0].close();
    assert.deepEqual(givenUp, []);
  });

  test("one who only says that it gave up is not asked again", async () => {
    const all = new HeldBytes(10);
    let asked = 0;
    const holder = new Holder(all, () => asked++);
    holder.add(30);
    await settled();
    assert.deepEqual([asked, all.bytes], [1, 0]);
  });
});
