import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeMessage, MessageSchema } from "roam/wire";
import { compile, DecodeError, Reader } from "roam-postcard";
import { bytes } from "./hex.ts";

// Found by `npm run -s fuzz -- --target message`: indexes are varints of 64 bits, as those of any enum.
suite("indexes of messages in forms longer than they need", () => {
  // r[verify codec.x.leniency]
  for (const { name, hex, tag } of [
    { name: "the payload's, in six bytes", hex: "01 8a8080808000 00", tag: "Pong" },
    { name: "the payload's, in ten bytes", hex: "01 8a808080808080808000 00", tag: "Pong" },
    { name: "a request's body", hex: "00 07 01 828080808000 00", tag: "RequestCancel" },
    { name: "a channel message's body", hex: "00 08 01 838080808000 05", tag: "ChannelGrantCredit" },
    { name: "a parity", hex: "00 01 818080808000 40 00", tag: "HelloYourself" },
    { name: "a metadata value's", hex: "01 06 01 016b 828080808000 05 00", tag: "ConnectionClose" },
  ]) {
    test(`${name} are taken, by hand and by the schema`, () => {
      assert.equal(decodeMessage(new Reader(bytes(hex))).tag, tag);
      compile(MessageSchema).decode(new Reader(bytes(hex)));
    });
  }

  for (const { name, hex } of [
    { name: "payload index 2^32 + 10", hex: "01 8a8080801000 00" },
    { name: "payload index 2^63", hex: "01 80808080808080808001 00" },
    { name: "parity 2^32", hex: "00 01 8080808010 40 00" },
    { name: "eleven bytes", hex: "01 8a80808080808080808000 00" },
  ]) {
    test(`${name} is refused`, () => {
      assert.throws(() => decodeMessage(new Reader(bytes(hex))), DecodeError);
      assert.throws(() => compile(MessageSchema).decode(new Reader(bytes(hex))), DecodeError);
    });
  }
});
