import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DecodeError, decode, encode, Reader, t, Writer } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

// r[verify codec.x.string]
suite("strings", () => {
  for (const { name, text } of [
    { name: "a lone continuation byte", text: "01 80" },
    { name: "a byte that UTF-8 never has", text: "01 FF" },
    { name: "a character cut short", text: "01 C3" },
    { name: "an overlong NUL", text: "02 C0 80" },
    { name: "a surrogate", text: "03 ED A0 80" },
    { name: "beyond U+10FFFF", text: "04 F4 90 80 80" },
    { name: "ASCII, then a bad byte", text: "03 61 62 FF" },
    { name: "a bad byte far in", text: `28 ${"61 ".repeat(39)}FF` },
  ]) {
    test(`${name}: refused`, () => {
      assert.throws(
        () => decode(t.string, bytes(text)),
        (error) => error instanceof DecodeError && error.reason === "invalid UTF-8",
      );
    });
  }

  test("a bad byte's place counts from where the payload starts", () => {
    const reader = new Reader(bytes("00 00 00 02 61 FF"), 3);
    assert.throws(() => reader.string(), { name: "DecodeError", offset: 1 });
  });

  for (const { name, value } of [
    { name: "a high half", value: "a\ud83e" },
    { name: "a low half", value: "\udd80b" },
    { name: "halves the wrong way round", value: "\udd80\ud83e" },
    { name: "half a pair far in", value: `${"a".repeat(40)}\ud83e` },
  ]) {
    test(`${name} of a surrogate pair: not encoded`, () => {
      assert.throws(() => encode(t.string, value), {
        name: "EncodeError",
        message: "string with a lone surrogate",
      });
    });
  }

  // The length prefix grows, and the text is written before its length is known.
  for (const length of [0, 1, 10, 23, 24, 25, 31, 32, 42, 43, 63, 64, 127, 128, 5461, 5462, 16383, 16384]) {
    for (const character of ["a", "é", "€", "🦀"]) {
      test(`${length} times ${character}`, () => {
        const value = character.repeat(length);
        const encoded = encode(t.string, value);
        const plain = new TextEncoder().encode(value);
        assert.equal(hex(encoded), hex(Uint8Array.of(...encode(t.u32, plain.length), ...plain)));
        assert.equal(decode(t.string, encoded, { isStrict: true }), value);
      });
    }
  }

  test("a buffer that is nearly full loses nothing of the text", () => {
    for (let room = 0; room < 24; room++) {
      for (const value of ["a", "é", "€", "🦀", "éé"]) {
        const writer = new Writer({ initialBytes: 64 });
        writer.raw(new Uint8Array(64 - room));
        writer.string(value);
        assert.equal(
          decode(t.string, writer.finish().subarray(64 - room)),
          value,
          `${value} with ${room} bytes left`,
        );
      }
    }
  });
});

// r[verify codec.x.char]
suite("chars", () => {
  for (const { name, text } of [
    { name: "none", text: "00" },
    { name: "two", text: "02 61 62" },
    { name: "a letter and its accent", text: "03 65 CC 81" },
    { name: "two beyond 16 bits", text: "08 F0 9F A6 80 F0 9F A6 80" },
    { name: "a surrogate", text: "03 ED A0 80" },
    { name: "a bare byte without length", text: "61" },
  ]) {
    test(`${name}: refused`, () => {
      assert.throws(() => decode(t.char, bytes(text)), DecodeError);
    });
  }

  for (const { name, value } of [
    { name: "none", value: "" },
    { name: "two", value: "ab" },
    { name: "half a pair", value: "\ud83e" },
    { name: "a number", value: 97 },
  ]) {
    test(`${name}: not encoded`, () => {
      assert.throws(() => encode(t.char, value as string), { name: "EncodeError" });
    });
  }
});
