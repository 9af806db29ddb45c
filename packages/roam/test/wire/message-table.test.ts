import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  Metadata,
  MetadataEntry,
  NO_PROPAGATE,
  SENSITIVE,
} from "roam/wire";
import { DecodeError, Reader, Writer } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

const metadata = Metadata.EMPTY;
const settings = (parity: "odd" | "even") => ({ parity, maxConcurrentRequests: 64 });

/** The examples of the contract: the message, and the bytes that any peer writes for it. */
const EXAMPLES: readonly { name: string; message: Message; wire: string }[] = [
  {
    name: "Hello, odd, 64 requests, no metadata",
    message: { tag: "Hello", connectionId: 0, version: 7, settings: settings("odd"), metadata },
    wire: "00 00 07 00 40 00",
  },
  {
    name: "HelloYourself, even, 64, metadata of each kind",
    message: {
      tag: "HelloYourself",
      connectionId: 0,
      settings: settings("even"),
      metadata: new Metadata([
        new MetadataEntry("k", "v", SENSITIVE),
        new MetadataEntry("b", bytes("01 02")),
        new MetadataEntry("n", 300n, SENSITIVE | NO_PROPAGATE),
      ]),
    },
    wire: "00 01 01 40 03 01 6B 00 01 76 01 01 62 01 02 01 02 00 01 6E 02 AC 02 03",
  },
  {
    name: "ProtocolError",
    message: { tag: "ProtocolError", connectionId: 0, description: "bad" },
    wire: "00 02 03 62 61 64",
  },
  {
    name: "ConnectionOpen 1, odd",
    message: { tag: "ConnectionOpen", connectionId: 1, settings: settings("odd"), metadata },
    wire: "01 03 00 40 00",
  },
  {
    name: "ConnectionAccept 1, even",
    message: { tag: "ConnectionAccept", connectionId: 1, settings: settings("even"), metadata },
    wire: "01 04 01 40 00",
  },
  {
    name: "ConnectionReject 1",
    message: { tag: "ConnectionReject", connectionId: 1, metadata },
    wire: "01 05 00",
  },
  {
    name: "ConnectionClose 1",
    message: { tag: "ConnectionClose", connectionId: 1, metadata },
    wire: "01 06 00",
  },
  {
    name: "Call, request 1, with channels 1 and 3",
    message: {
      tag: "RequestCall",
      connectionId: 0,
      id: 1,
      methodHi: 0x01234567,
      methodLo: 0x89abcdef,
      channels: [1, 3],
      metadata,
      args: bytes("03 05"),
    },
    wire: "00 07 01 00 EF 9B AF CD F8 AC D1 91 01 02 01 03 00 03 05",
  },
  {
    name: "Response to it",
    message: {
      tag: "RequestResponse",
      connectionId: 0,
      id: 1,
      channels: [],
      metadata,
      ret: bytes("00 08"),
    },
    wire: "00 07 01 01 00 00 00 08",
  },
  {
    name: "Cancel it",
    message: { tag: "RequestCancel", connectionId: 0, id: 1, metadata },
    wire: "00 07 01 02 00",
  },
  {
    name: "Item on channel 3",
    message: { tag: "ChannelItem", connectionId: 0, id: 3, item: bytes("AC 02") },
    wire: "00 08 03 00 AC 02",
  },
  {
    name: "Close of channel 3",
    message: { tag: "ChannelClose", connectionId: 0, id: 3, metadata },
    wire: "00 08 03 01 00",
  },
  {
    name: "Reset of channel 3",
    message: { tag: "ChannelReset", connectionId: 0, id: 3, metadata },
    wire: "00 08 03 02 00",
  },
  {
    name: "GrantCredit 8 on channel 3",
    message: { tag: "ChannelGrantCredit", connectionId: 0, id: 3, additional: 8 },
    wire: "00 08 03 03 08",
  },
  { name: "Ping 1", message: { tag: "Ping", connectionId: 0, nonce: 1 }, wire: "00 09 01" },
  { name: "Pong 0", message: { tag: "Pong", connectionId: 0, nonce: 0 }, wire: "00 0A 00" },
  {
    name: "Ping with the largest nonce, on the largest connection",
    message: { tag: "Ping", connectionId: 2n ** 64n - 1n, nonce: 2n ** 64n - 1n },
    wire: "FF FF FF FF FF FF FF FF FF 01 09 FF FF FF FF FF FF FF FF FF 01",
  },
  {
    name: "Item whose channel id is just above 2^53",
    message: { tag: "ChannelItem", connectionId: 1, id: 2n ** 53n + 1n, item: bytes("") },
    wire: "01 08 81 80 80 80 80 80 80 10 00",
  },
  {
    name: "Cancel whose request id is 2^53 - 1",
    message: { tag: "RequestCancel", connectionId: 0, id: 2 ** 53 - 1, metadata },
    wire: "00 07 FF FF FF FF FF FF FF 0F 02 00",
  },
];

// r[verify session.message]
// r[verify session.message.payloads]
// r[verify session.connection-settings]
// r[verify rpc.metadata.value]
suite("messages against the bytes of the contract", () => {
  for (const { name, message, wire } of EXAMPLES) {
    test(name, () => {
      const writer = new Writer();
      encodeMessage(writer, message);
      assert.equal(hex(writer.finish()), wire);
      const reader = new Reader(bytes(wire));
      assert.deepEqual(plain(decodeMessage(reader)), plain(message));
      assert.equal(reader.remaining, 0);
    });
  }

  test("every payload kind is among them", () => {
    assert.equal(new Set(EXAMPLES.map(({ message }) => message.tag)).size, 16);
  });
});

// r[verify session.message.payloads]
suite("what is no message is a DecodeError", () => {
  for (const { name, wire } of [
    { name: "payload index 11", wire: "00 0B 00" },
    { name: "payload index 300", wire: "00 AC 02 00" },
    { name: "request body index 3", wire: "00 07 01 03 00" },
    { name: "channel body index 4", wire: "00 08 01 04 00" },
    { name: "parity index 2", wire: "00 00 07 02 40 00" },
    { name: "metadata value index 3", wire: "00 06 01 01 6B 03 00 00" },
    { name: "a key that is not UTF-8", wire: "00 06 01 01 FF 00 01 76 00" },
    { name: "more metadata entries than bytes could hold", wire: "00 06 FF FF FF FF 0F" },
    { name: "more channels than bytes could hold", wire: "00 07 01 00 01 FF FF FF FF 0F 00" },
    { name: "an id that is no u64", wire: "00 09 FF FF FF FF FF FF FF FF FF 02" },
    { name: "a description longer than the payload", wire: "00 02 05 62 61 64" },
    { name: "no payload at all", wire: "" },
  ]) {
    test(name, () => {
      assert.throws(() => decodeMessage(new Reader(bytes(wire))), DecodeError);
    });
  }
});

/** Metadata compares by its entries, flags and all. */
function plain(message: Message): unknown {
  return "metadata" in message
    ? { ...message, metadata: [...message.metadata].map(({ key, value, flags }) => ({ key, value, flags })) }
    : message;
}
