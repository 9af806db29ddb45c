import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { blake3 } from "@noble/hashes/blake3.js";
import { kebabCase, methodId, signatureBytes } from "roam/schema";
import { type Schema, t } from "roam-postcard";

// r[verify method.identity.computation]
// r[verify signature.endianness]
// r[verify rpc.method-id.algorithm]
suite("method ids of the contract", () => {
  for (const { service, method, args, returns, id } of [
    { service: "Adder", method: "add", args: [t.u32, t.u32], returns: t.u32, id: 0x9779c2f07703fab4n },
    { service: "Adder", method: "add", args: [t.i32, t.i32], returns: t.i64, id: 0xcd9b13ee0609ce89n },
    { service: "Clock", method: "now", args: [], returns: t.u64, id: 0xbd3f2a96ef5722efn },
    {
      service: "TemplateHost",
      method: "load_template",
      args: [t.string],
      returns: t.result(t.string, t.u8),
      id: 0xef26f966c0ef52d5n,
    },
    {
      service: "TemplateHost",
      method: "loadTemplate",
      args: [t.string],
      returns: t.unit,
      id: 0xef26f966c0ef52d5n,
    },
    // From the published hash code: a sigma that is not last in its word, then one that is.
    { service: "ΑΣ1Σ", method: "ΟΔΟΣ", args: [], returns: t.unit, id: 0xe5b816f3fb452838n },
  ] as readonly { service: string; method: string; args: readonly Schema[]; returns: Schema; id: bigint }[]) {
    test(`${service}.${method}, ${args.length} arguments`, () => {
      assert.equal(methodId(service, method, signatureBytes(args, returns)), id);
    });
  }
});

// r[verify signature.hash.algorithm]
test("the hashes are those of the contract", () => {
  const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");
  const signature = blake3(signatureBytes([t.u32, t.u32], t.u32));
  assert.equal(hex(signature), "43fd463271fc31eb4350dc5ec22a71235daa1ece94b0ac379eba6b1a5f75072b");
  const now = blake3(signatureBytes([], t.u64));
  assert.equal(hex(now), "34a9db9fd125bd144c7183e6552b6f9744d684d264b9605b96f00c9106724fe0");
  const name = new TextEncoder().encode("adder.add");
  const whole = blake3(Uint8Array.of(...name, ...signature));
  assert.equal(hex(whole), "b4fa0377f0c27997cce79216273fb6954aea9bb265735f2915c0a2b629e96a2e");
});

// r[verify method.identity.computation]
suite("names in kebab case", () => {
  for (const [name, kebab] of Object.entries({
    loadTemplate: "load-template",
    load_template: "load-template",
    HTTPServer: "http-server",
    getHTTP2Data: "get-http2-data",
    Foo2Bar: "foo2-bar",
    v2Beta: "v2-beta",
    get_v2: "get-v2",
    my__svc: "my-svc",
    _lead_: "lead",
    ABTest: "ab-test",
    XY: "xy",
    XYz: "x-yz",
    A1B2: "a1b2",
    x1Y2z: "x1-y2z",
    ABC123def: "abc123def",
    a1b: "a1b",
    X1Y2: "x1y2",
    loadURL2: "load-url2",
    HTTP2Server: "http2-server",
    getIDs: "get-i-ds",
    iOSApp: "i-os-app",
    a$b: "a-b",
    "r#match": "r-match",
    "": "",
    _: "",
    a: "a",
    A: "a",
    aB: "a-b",
    Ab: "ab",
    "1a": "1a",
    "1A2b": "1a2b",
    "1aB": "1a-b",
    ÉtéChaud: "été-chaud",
    straßeName: "straße-name",
    ΑλφαBeta: "αλφα-beta",
    名前Name: "名前name",
    // As Rust lower-cases them: a sigma is final at the end of a word, and of nothing else.
    ΑΣ: "ας",
    ΑΣ1: "ασ1",
    Σ: "ς",
    İstanbul: "i̇stanbul",
  })) {
    test(`${name || "(empty)"} is ${kebab || "(empty)"}`, () => assert.equal(kebabCase(name), kebab));
  }
});
