import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { decode, EncodeError, encode, isArrayBuffer, type Schema, t } from "roam-postcard";

const VALUES: Readonly<Record<string, readonly [schema: Schema<never>, code: string, here: unknown]>> = {
  bytes: [t.bytes as Schema<never>, "new Uint8Array([1, 2])", new Uint8Array([1, 2])],
  map: [t.map(t.string, t.u32) as Schema<never>, 'new Map([["a", 1]])', new Map([["a", 1]])],
  set: [t.set(t.u32) as Schema<never>, "new Set([3])", new Set([3])],
  list: [t.list(t.u32) as Schema<never>, "[1, 2]", [1, 2]],
};

for (const [name, [schema, code, here]] of Object.entries(VALUES)) {
  test(`${name} of another realm are encoded as one's own`, () => {
    const foreign = runInNewContext(code) as never;
    // Often enough for generated code, which knows the usual case only.
    for (let times = 0; times < 300; times++) encode(schema, here as never);
    assert.deepEqual(encode(schema, foreign), encode(schema, here as never));
    assert.deepEqual(decode(schema, encode(schema, foreign)), here);
  });
}

test("other arrays of another realm are no bytes, and its buffers are buffers", () => {
  const foreign = runInNewContext("new Int8Array(2)") as never;
  assert.throws(() => encode(t.bytes, foreign), EncodeError);
  assert.throws(() => encode(t.bytes, { [Symbol.toStringTag]: "Uint8Array" } as never), EncodeError);
  assert.equal(isArrayBuffer(runInNewContext("new ArrayBuffer(2)")), true);
  assert.equal(isArrayBuffer(new Uint8Array(2)), false);
});
