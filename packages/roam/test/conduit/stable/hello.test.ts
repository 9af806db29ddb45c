import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  HELLO_BYTES,
  hasClientMagic,
} from "../../../src/conduit/stable/hello.ts";

const ZEROS = "00 ".repeat(16).trim();
const KEY = "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F";

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

// The examples of the contract, and hellos recorded from the published crates.
// r[verify stable.handshake.client-hello]
suite("ClientHello", () => {
  for (const { name, hex, hello } of [
    {
      name: "of a new session",
      hex: `52 4F 43 48 00 ${ZEROS} 00 00 00 00`,
      hello: { resumeKey: undefined, lastReceived: undefined },
    },
    {
      name: "resuming, received up to 300",
      hex: `52 4F 43 48 03 ${KEY} 2C 01 00 00`,
      hello: { resumeKey: bytes(KEY), lastReceived: 300 },
    },
    {
      name: "resuming, nothing received yet",
      hex: `52 4F 43 48 01 ${KEY} 00 00 00 00`,
      hello: { resumeKey: bytes(KEY), lastReceived: undefined },
    },
    {
      name: "resuming with a key of zeros, received number 0",
      hex: `52 4F 43 48 03 ${ZEROS} 00 00 00 00`,
      hello: { resumeKey: bytes(ZEROS), lastReceived: 0 },
    },
    {
      name: "recorded, received up to 2^32 - 1",
      hex: "524f434803545f5cdd32d427a57fd9e823df21a91effffffff",
      hello: { resumeKey: bytes("545f5cdd32d427a57fd9e823df21a91e"), lastReceived: 0xffff_ffff },
    },
  ]) {
    test(name, () => {
      assert.deepEqual(decodeClientHello(bytes(hex)), hello);
      assert.deepEqual(encodeClientHello(hello), bytes(hex));
      assert.ok(hasClientMagic(bytes(hex)));
    });
  }

  test("ignores flags it does not know", () => {
    const payload = bytes(`52 4F 43 48 FC ${KEY} 2C 01 00 00`);
    assert.deepEqual(decodeClientHello(payload), { resumeKey: undefined, lastReceived: undefined });
  });
});

// r[verify stable.handshake.server-hello]
suite("ServerHello", () => {
  for (const { name, hex, hello } of [
    {
      name: "accepts, nothing received yet",
      hex: `52 4F 53 48 00 ${KEY} 00 00 00 00`,
      hello: { isRejected: false, resumeKey: bytes(KEY), lastReceived: undefined },
    },
    {
      name: "accepts, received number 0",
      hex: `52 4F 53 48 02 ${KEY} 00 00 00 00`,
      hello: { isRejected: false, resumeKey: bytes(KEY), lastReceived: 0 },
    },
    {
      name: "rejects",
      hex: `52 4F 53 48 01 ${ZEROS} 00 00 00 00`,
      hello: { isRejected: true, resumeKey: bytes(ZEROS), lastReceived: undefined },
    },
    {
      name: "recorded, received up to 16390",
      hex: "524f534802e76894ff0826f82fca4e451796560e6e06400000",
      hello: { isRejected: false, resumeKey: bytes("e76894ff0826f82fca4e451796560e6e"), lastReceived: 16390 },
    },
  ]) {
    test(name, () => {
      assert.deepEqual(decodeServerHello(bytes(hex)), hello);
      assert.deepEqual(encodeServerHello(hello), bytes(hex));
      assert.ok(!hasClientMagic(bytes(hex)));
    });
  }

  test("ignores flags it does not know", () => {
    const payload = bytes(`52 4F 53 48 FC ${KEY} 00 00 00 00`);
    assert.deepEqual(decodeServerHello(payload), {
      isRejected: false,
      resumeKey: bytes(KEY),
      lastReceived: undefined,
    });
  });
});

suite("what is no hello", () => {
  const client = bytes(`52 4F 43 48 03 ${KEY} 2C 01 00 00`);
  const server = bytes(`52 4F 53 48 00 ${KEY} 00 00 00 00`);
  for (const length of [0, 4, 24, 26]) {
    test(`${length} bytes: refused`, () => {
      const payload = new Uint8Array(length);
      payload.set(client.subarray(0, length));
      assert.throws(() => decodeClientHello(payload), {
        name: "DecodeError",
        reason: `client hello of ${length} bytes`,
      });
      assert.throws(() => decodeServerHello(payload), {
        name: "DecodeError",
        reason: `server hello of ${length} bytes`,
      });
    });
  }

  test("the other side's magic: refused", () => {
    assert.throws(() => decodeClientHello(server), { name: "DecodeError", offset: 0 });
    assert.throws(() => decodeServerHello(client), { name: "DecodeError", offset: 0 });
  });

  test("a message of a bare conduit does not start like one", () => {
    assert.ok(!hasClientMagic(bytes("00 00 07 00 40 00")));
    assert.ok(!hasClientMagic(bytes("52 4F 43")));
    assert.ok(hasClientMagic(bytes("52 4F 43 48")));
  });

  test("a key of another length: not encoded", () => {
    assert.throws(
      () => encodeClientHello({ resumeKey: new Uint8Array(15), lastReceived: undefined }),
      RangeError,
    );
    const hello = { isRejected: false, resumeKey: new Uint8Array(17), lastReceived: undefined };
    assert.throws(() => encodeServerHello(hello), RangeError);
  });
});

test("a decoded key outlives its payload", () => {
  const payload = bytes(`52 4F 43 48 01 ${KEY} 00 00 00 00`);
  const { resumeKey } = decodeClientHello(payload);
  payload.fill(0xff);
  assert.deepEqual(resumeKey, bytes(KEY));
  assert.equal(payload.length, HELLO_BYTES);
});
