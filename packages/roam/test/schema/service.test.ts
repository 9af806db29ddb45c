import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { implement, knownIds, method, service, t } from "roam";
import type { Methods } from "roam/schema";

const idOf = (name: string, methods: Methods, of = "m") =>
  service(name, methods).descriptors().get(of)?.id ?? assert.fail();

suite("method ids", () => {
  const base = idOf("Svc", { m: method({ a: t.u32, b: t.string }, t.u64) });

  // r[verify rpc.method-id]
  // r[verify rpc.method-id.algorithm]
  for (const name of ["add", "Add", "ADD"]) {
    test(`Adder.${name}(u32, u32) -> u32 has the id of the contract`, () => {
      const methods = { [name]: method({ l: t.u32, r: t.u32 }, t.u32) };
      assert.equal(idOf("Adder", methods, name), 0x9779c2f07703fab4n);
    });
  }

  // r[verify rpc.method-id.no-collisions]
  // r[verify rpc.schema-evolution]
  for (const { name, other } of [
    { name: "the service's name", other: idOf("Other", { m: method({ a: t.u32, b: t.string }, t.u64) }) },
    { name: "the method's name", other: idOf("Svc", { n: method({ a: t.u32, b: t.string }, t.u64) }, "n") },
    { name: "an argument's type", other: idOf("Svc", { m: method({ a: t.i32, b: t.string }, t.u64) }) },
    { name: "the order of arguments", other: idOf("Svc", { m: method({ b: t.string, a: t.u32 }, t.u64) }) },
    {
      name: "one argument more",
      other: idOf("Svc", { m: method({ a: t.u32, b: t.string, c: t.u8 }, t.u64) }),
    },
    { name: "the return type", other: idOf("Svc", { m: method({ a: t.u32, b: t.string }, t.u32) }) },
    {
      name: "another container",
      other: idOf("Svc", { m: method({ a: t.u32, b: t.option(t.string) }, t.u64) }),
    },
  ]) {
    test(`change with ${name}`, () => {
      assert.notEqual(other, base);
    });
  }

  // r[verify rpc.schema-evolution]
  for (const { name, same } of [
    { name: "argument names", same: idOf("Svc", { m: method({ x: t.u32, y: t.string }, t.u64) }) },
    {
      name: "methods added before and behind",
      same: idOf("Svc", {
        first: method({}),
        m: method({ a: t.u32, b: t.string }, t.u64),
        last: method({}),
      }),
    },
  ]) {
    test(`do not change with ${name}`, () => {
      assert.equal(same, base);
    });
  }

  test("of a service are told apart when it is made", () => {
    const twins = service("Svc", { doIt: method({}), do_it: method({}) });
    assert.throws(() => twins.descriptors(), { name: "TypeError", message: /same method id/ });
  });

  test("may be given ready made", () => {
    const known = knownIds("Svc", { m: method({ a: t.u32 }) }, { m: 0xffff_ffff_0000_0001n });
    const descriptor = known.descriptors().get("m");
    assert.deepEqual(
      [descriptor?.id, descriptor?.idLo, descriptor?.idHi],
      [0xffff_ffff_0000_0001n, 1, 0xffff_ffff],
    );
    assert.throws(() => knownIds("Svc", { m: method({}) }, {} as never).descriptors(), TypeError);
  });
});

suite("a service and its functions", () => {
  // r[verify rpc.service]
  test("every method has a function", () => {
    const two = service("Two", { a: method({}), b: method({}) });
    assert.throws(() => implement(two, { a: () => {} } as never), { name: "TypeError", message: /Two\.b/ });
  });

  test("methods whose ids share a half are told apart", () => {
    const methods = { a: method({}), b: method({}) };
    const halves = knownIds("Two", methods, { a: 0x1_0000_0007n, b: 0x2_0000_0007n });
    const handler = implement(halves, { a: () => {}, b: () => {} });
    assert.equal(handler.find(7, 1)?.method.name, "a");
    assert.equal(handler.find(7, 2)?.method.name, "b");
    assert.equal(handler.find(7, 3), undefined);
    assert.equal(handler.find(8, 1), undefined);
  });
});
