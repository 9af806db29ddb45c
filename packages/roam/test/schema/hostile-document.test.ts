import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { servicesOf } from "roam/schema";

/** Far longer than any of these takes (ms); what they guard against takes for ever. */
const LIMIT_MS = 5_000;

/** A service whose only method has the last of `levels` types as its argument, each made of the one before. */
function document(levels: number, items: (inner: unknown) => unknown[], innermost: unknown): unknown {
  const types = Object.fromEntries(
    Array.from({ length: levels }, (_, at) => {
      const inner = at === 0 ? innermost : { ref: `D${at - 1}` };
      return [`D${at}`, { name: "D", kind: "tupleStruct", items: items(inner) }];
    }),
  );
  const type = { ref: `D${levels - 1}` };
  const method = { name: "m", id: "0000000000000001", args: [{ name: "a", type }], returns: { list: "u8" } };
  return { roamSchema: 1, services: [{ name: "S", methods: [method] }], types };
}

// Found by `npm run -s fuzz -- --target schema-document`.
suite("documents of a few kilobytes that describe too much", () => {
  test("2^40 places without a channel are not looked at one by one", { timeout: LIMIT_MS }, () => {
    const services = servicesOf(document(40, (inner) => [inner, inner], "u8"));
    assert.equal(services.get("S")?.descriptors().get("m")?.hasChannels, false);
  });

  test("2^40 places with a channel are refused", { timeout: LIMIT_MS }, () => {
    const hostile = document(40, (inner) => [inner, inner], { tx: "u8", credit: 1 });
    assert.throws(() => servicesOf(hostile), { name: "TypeError", message: /too many places for channels/ });
  });

  test("types inside types inside types are refused before the stack ends", { timeout: LIMIT_MS }, () => {
    const hostile = document(5_000, (inner) => [inner, "u8"], "u8");
    assert.throws(() => servicesOf(hostile), { name: "TypeError", message: /is inside 256 others/ });
  });

  test("arrays of more values without bytes than any program has are refused", () => {
    const array = (item: unknown, length: number) =>
      document(1, (inner) => [inner, "u8"], { array: item, length });
    for (const item of ["unit", { array: "u8", length: 0 }, { tuple: ["unit", "unit"] }]) {
      assert.equal(servicesOf(array(item, 65_536)).size, 1);
      assert.throws(() => servicesOf(array(item, 65_537)), {
        name: "TypeError",
        message: /more than 65536 values without bytes/,
      });
    }
    assert.equal(servicesOf(array("u8", 65_537)).size, 1);
  });

  test("a chain of 200 types is taken", () => {
    const services = servicesOf(document(200, (inner) => [inner, "u8"], { rx: "u8", credit: 2 }));
    assert.equal(services.get("S")?.descriptors().get("m")?.maxCredit, 2);
  });
});
