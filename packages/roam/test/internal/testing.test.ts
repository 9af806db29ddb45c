import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { suite, test } from "node:test";
import { ClaimError, conduitCases, linkCases, noLeaks, scriptedLink, VirtualClock } from "roam/testing";

const TESTING = new URL("../../src/testing/", import.meta.url);

suite("compliance cases", () => {
  for (const { layer, cases } of [
    { layer: "link", cases: linkCases },
    { layer: "conduit", cases: conduitCases },
  ]) {
    test(`of the ${layer} layer name their rules as their annotations do`, () => {
      const source = readdirSync(TESTING, { recursive: true, encoding: "utf8" })
        .filter((name) => name.startsWith(`${layer}-cases`) && name.endsWith(".ts"))
        .map((name) => readFileSync(new URL(name, TESTING), "utf8"))
        .join("\n");
      for (const { name, rules } of cases) {
        const before = source.slice(0, source.indexOf(JSON.stringify(name)));
        const [annotations] = /(?:[ \t]*\/\/ r\[verify [a-z0-9.-]+\]\n)+[^\n]*\s*$/.exec(before) ?? [""];
        const annotated = [...annotations.matchAll(/verify ([a-z0-9.-]+)/g)].map(([, rule]) => rule);
        assert.deepEqual(annotated, rules, name);
      }
    });
  }

  test("have names of their own", () => {
    for (const cases of [linkCases, conduitCases]) {
      assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    }
  });
});

suite("noLeaks", () => {
  test("finds a server left open, and a timer left on the virtual clock", async () => {
    const server = createServer();
    const opening = noLeaks(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
    await assert.rejects(
      opening,
      (error) => error instanceof ClaimError && /TCPServerWrap/.test(error.message),
    );
    server.close();
    const clock = new VirtualClock();
    await assert.rejects(
      noLeaks(async () => void clock.after(5, () => {}), { clock }),
      ClaimError,
    );
  });

  test("is content with what cleans up after itself, and gives its result", async () => {
    const server = createServer();
    const result = await noLeaks(async () => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      server.close();
      return 7;
    });
    assert.equal(result, 7);
  });
});

suite("ScriptedLink", () => {
  test("expects, sends, ends and dies", async () => {
    const { link, script } = scriptedLink();
    await script.expectNothing();
    (await link.tx.reserve()).write(5, (writer, value) => writer.u8(value));
    await script.expectBytes([5]);
    await link.tx.close();
    assert.deepEqual(await script.expectEnd(), { cause: undefined });
    await assert.rejects(script.expect(), ClaimError);
    script.die();
    await assert.rejects(link.tx.reserve());
  });

  test("says what came where nothing should, and what differs", async () => {
    const { link, script } = scriptedLink();
    const send = async (value: number) =>
      (await link.tx.reserve()).write(value, (writer, byte) => writer.u8(byte));
    await send(5);
    await assert.rejects(script.expectNothing(), /1 bytes: 5/);
    await send(6);
    await assert.rejects(script.expectBytes([7]), /byte 0 is 6, expected 7/);
    link.destroy();
  });
});
