import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from "../../src/shm/bootstrap-frames.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (of: string) => new TextEncoder().encode(of);
const refused = (rule: string) => (error: unknown) => error instanceof ProtocolError && error.rule === rule;

suite("bootstrap of shared memory", () => {
  // r[verify shm.bootstrap.request]
  // r[verify shm.bootstrap.sid]
  test("a request: RSH0, length, session id", () => {
    const bytes = hex("52 53 48 30 03 00 61 62 63");
    assert.deepEqual(encodeRequest(text("abc")), bytes);
    assert.deepEqual(decodeRequest(bytes), text("abc"));
    assert.deepEqual(decodeRequest(encodeRequest(new Uint8Array())), new Uint8Array());
    assert.deepEqual(decodeRequest(encodeRequest(new Uint8Array(65_535)))?.length, 65_535);
    assert.throws(() => encodeRequest(new Uint8Array(65_536)), RangeError);
  });

  test("part of a request: more is to come", () => {
    const bytes = encodeRequest(text("abc"));
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeRequest(bytes.subarray(0, length)), undefined);
    }
  });

  // r[verify shm.bootstrap.request]
  test("what is no request is refused as soon as it shows", () => {
    assert.throws(() => decodeRequest(hex("47")), refused("shm.bootstrap.request"));
    assert.throws(() => decodeRequest(hex("52 53 50 30")), refused("shm.bootstrap.request"));
    assert.throws(() => decodeRequest(hex("52 53 48 30 01 00 61 62")), refused("shm.bootstrap.request"));
  });

  // r[verify shm.bootstrap.response]
  // r[verify shm.bootstrap.success]
  test("a response: RSP0, status, peer, length, payload", () => {
    const bytes = hex("52 53 50 30 00 01 00 00 00 02 00 6F 6B");
    const response = { isSuccess: true, peerId: 1, payload: text("ok") };
    assert.deepEqual(encodeResponse(response), bytes);
    assert.deepEqual(decodeResponse(bytes), response);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeResponse(bytes.subarray(0, length)), undefined);
    }
  });

  // r[verify shm.bootstrap.error]
  test("a refusal: status 1, no peer, a text", () => {
    const bytes = hex("52 53 50 30 01 00 00 00 00 02 00 6E 6F");
    const response = { isSuccess: false, peerId: 0, payload: text("no") };
    assert.deepEqual(encodeResponse(response), bytes);
    assert.deepEqual(decodeResponse(bytes), response);
    const forPeer = hex("52 53 50 30 01 01 00 00 00 00 00");
    assert.throws(() => decodeResponse(forPeer), refused("shm.bootstrap.error"));
  });

  // r[verify shm.bootstrap.status]
  // r[verify shm.bootstrap.response]
  test("another status, other bytes before or behind: refused", () => {
    const other = hex("52 53 50 30 02 00 00 00 00 00 00");
    assert.throws(() => decodeResponse(other), refused("shm.bootstrap.status"));
    assert.throws(() => decodeResponse(hex("52 53 48")), refused("shm.bootstrap.response"));
    const behind = hex("52 53 50 30 00 01 00 00 00 00 00 00");
    assert.throws(() => decodeResponse(behind), refused("shm.bootstrap.response"));
  });
});
