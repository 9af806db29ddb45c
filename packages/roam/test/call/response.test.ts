import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CallError, method, service, t } from "roam";
import { Metadata } from "roam/wire";
import { Reader, Writer } from "roam-postcard";
import {
  answersOf,
  CANCELLED,
  INVALID_PAYLOAD,
  readResponse,
  UNKNOWN_METHOD,
} from "../../src/call/response.ts";
import type { MethodDescriptor } from "../../src/schema/service.ts";
import { descriptor, hex } from "./harness.ts";

const Answers = service("Answers", {
  count: method({}, t.u32),
  nothing: method({}),
  refuse: method({}, t.u32, t.string),
});
const count = descriptor(Answers, "count");
const nothing = descriptor(Answers, "nothing");
const refuse = descriptor(Answers, "refuse");

type Body = ReturnType<ReturnType<typeof answersOf>["ok"]>;

function bytesOf(body: Body | undefined): string {
  assert(body !== undefined);
  if (body instanceof Uint8Array) return hex(body);
  assert(!(body instanceof Reader));
  const writer = new Writer();
  body.encode(writer, body.value as never);
  return hex(writer.finish());
}

const parse = (text: string) =>
  new Reader(Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16)));

function failureOf(of: MethodDescriptor, bytes: string): CallError {
  try {
    readResponse(of, parse(bytes), Metadata.EMPTY);
  } catch (error) {
    assert(error instanceof CallError);
    return error;
  }
  return assert.fail("did not fail");
}

suite("the response payload", () => {
  // r[verify rpc.response]
  // r[verify rpc.fallible]
  for (const { name, of, value, bytes } of [
    { name: "Ok(8u32)", of: count, value: 8, bytes: "00 08" },
    { name: "Ok(())", of: nothing, value: undefined, bytes: "00" },
    { name: "Ok(300u32) of a fallible method", of: refuse, value: 300, bytes: "00 AC 02" },
  ]) {
    test(`${name} is ${bytes}, both ways`, () => {
      assert.equal(bytesOf(answersOf(of).ok(value)), bytes);
      assert.equal(readResponse(of, parse(bytes), Metadata.EMPTY), value);
    });
  }

  test('User("no") is 01 00 02 6E 6F, both ways', () => {
    assert.equal(bytesOf(answersOf(refuse).userError?.("no")), "01 00 02 6E 6F");
    const error = failureOf(refuse, "01 00 02 6E 6F");
    assert.equal(error.code, "user");
    assert.equal(error.detail, "no");
    assert.equal(error.method, "Answers.refuse");
  });

  test("an infallible method has no error of its own to send", () => {
    assert.equal(answersOf(count).userError, undefined);
  });

  // r[verify rpc.fallible.roam-error]
  for (const { body, bytes, code } of [
    { body: UNKNOWN_METHOD, bytes: "01 01", code: "unknown-method" },
    { body: INVALID_PAYLOAD, bytes: "01 02", code: "invalid-payload" },
    { body: CANCELLED, bytes: "01 03", code: "cancelled" },
  ]) {
    test(`${code} is ${bytes}, both ways`, () => {
      assert.equal(bytesOf(body), bytes);
      for (const of of [count, nothing, refuse]) {
        const error = failureOf(of, bytes);
        assert.equal(error.code, code);
        assert.equal(error.detail, undefined);
      }
    });
  }

  for (const { name, of, bytes } of [
    { name: "an unknown outcome", of: count, bytes: "02" },
    { name: "an unknown error", of: count, bytes: "01 04" },
    { name: "User from a method that has no error", of: count, bytes: "01 00 00" },
    { name: "a value cut short", of: count, bytes: "00" },
    { name: "an own error cut short", of: refuse, bytes: "01 00 02 6E" },
  ]) {
    test(`${name} is a decode error, not one of the four`, () => {
      assert.equal(failureOf(of, bytes).code, "decode");
    });
  }

  test("bytes behind the value are ignored, as 7.3 does", () => {
    assert.equal(readResponse(count, parse("00 08 FF"), Metadata.EMPTY), 8);
  });
});
