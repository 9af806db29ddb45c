import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { t } from "roam-postcard";
import { forms } from "./forms.ts";

const text = (length: number) => "x".repeat(length);

suite("what toBytes gives", () => {
  const Person = t.struct("Person", { name: t.string, age: t.u8 });
  const Blob = t.struct("Blob", { data: t.bytes, age: t.u8 });
  const { fast: person } = forms(Person);
  const { fast: blob } = forms(Blob);

  test("stays as it is, whatever is encoded after it", () => {
    const people = Array.from({ length: 3000 }, (_, at) => ({ name: text((at * 7) % 300), age: at & 0xff }));
    people.splice(
      1000,
      0,
      { name: text(100_000), age: 1 },
      { name: text(3), age: 2 },
      { name: text(5000), age: 3 },
    );
    const all = people.map((one) => person.toBytes(one));
    for (const [at, one] of people.entries()) assert.deepEqual(person.fromBytes(all[at] as Uint8Array), one);
  });

  test("is not what was in the value", () => {
    for (const size of [10, 100, 5000, 300_000]) {
      const data = new Uint8Array(size).fill(1);
      const encodedBlob = blob.toBytes({ data, age: 7 });
      data.fill(2);
      assert.deepEqual(blob.fromBytes(encodedBlob), { data: new Uint8Array(size).fill(1), age: 7 });
    }
  });

  test("is right when a getter encodes as well", () => {
    const value = {
      name: "outer",
      get age(): number {
        return person.toBytes({ name: text(100), age: 1 }).length;
      },
    };
    assert.deepEqual(person.fromBytes(person.toBytes(value)), { name: "outer", age: 102 });
  });

  const areRight = () => {
    for (const age of [1, 2]) {
      const data = new Uint8Array(5000).fill(age);
      assert.deepEqual(blob.fromBytes(blob.toBytes({ data, age })), { data, age });
      assert.deepEqual(person.fromBytes(person.toBytes({ name: text(100), age })), { name: text(100), age });
    }
  };

  test("is right after an error", () => {
    assert.throws(() => person.toBytes({ name: text(100), age: 256 }), { name: "EncodeError", path: "age" });
    assert.throws(() => blob.toBytes({ data: new Uint8Array(5000), age: 256 }), { path: "age" });
    areRight();
  });

  test("is right after a result's memory was transferred away", () => {
    const given = person.toBytes({ name: text(100), age: 1 });
    structuredClone(given, { transfer: [given.buffer] });
    areRight();
  });

  test("takes memory of its own when it is small or large", () => {
    for (const size of [0, 10, 60, 5000, 300_000]) {
      const whole = person.toBytes({ name: text(size), age: 1 });
      assert.equal(whole.buffer.byteLength, whole.length);
    }
  });
});
