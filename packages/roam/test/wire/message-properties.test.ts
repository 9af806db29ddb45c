import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  decodeMessage,
  encodeMessage,
  type Id,
  type Message,
  MessageSchema,
  Metadata,
  MetadataEntry,
} from "roam/wire";
import { DecodeError, encode, type Infer, Reader, Writer } from "roam-postcard";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
// Around the sizes at which a varint grows, and where numbers end.
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const id = u64.map((wide): Id => (wide < 2n ** 53n ? Number(wide) : wide));
const bytes = fc.uint8Array({ maxLength: 40 });
const settings = fc.record({
  parity: fc.constantFrom("odd" as const, "even" as const),
  maxConcurrentRequests: u32,
});
const metadata = fc
  .array(
    fc.tuple(fc.string({ unit: "grapheme" }), fc.oneof(fc.string({ unit: "grapheme" }), bytes, u64), u64),
    { maxLength: 5 },
  )
  .map((entries) => new Metadata(entries.map(([key, value, flags]) => new MetadataEntry(key, value, flags))));

const of = <Tag extends Message["tag"], F>(tag: Tag, fields: { [K in keyof F]: fc.Arbitrary<F[K]> }) =>
  fc.record({ tag: fc.constant(tag), connectionId: id, ...fields });
const channels = fc.array(id, { maxLength: 4 });

const message: fc.Arbitrary<Message> = fc.oneof(
  of("Hello", { version: u32, settings, metadata }),
  of("HelloYourself", { settings, metadata }),
  of("ProtocolError", { description: fc.string({ unit: "grapheme" }) }),
  of("ConnectionOpen", { settings, metadata }),
  of("ConnectionAccept", { settings, metadata }),
  of("ConnectionReject", { metadata }),
  of("ConnectionClose", { metadata }),
  of("RequestCall", { id, methodLo: u32, methodHi: u32, channels, metadata, args: bytes }),
  of("RequestResponse", { id, channels, metadata, ret: bytes }),
  of("RequestCancel", { id, metadata }),
  of("ChannelItem", { id, item: bytes }),
  of("ChannelClose", { id, metadata }),
  of("ChannelReset", { id, metadata }),
  of("ChannelGrantCredit", { id, additional: u32 }),
  of("Ping", { nonce: id }),
  of("Pong", { nonce: id }),
) as fc.Arbitrary<Message>;

type Value = Infer<typeof MessageSchema>;

/** The message as the generic codec takes it. */
function asValue(sent: Message): Value {
  const at = (payload: Value["payload"]): Value => ({ connection_id: BigInt(sent.connectionId), payload });
  const entries = "metadata" in sent ? { metadata: [...sent.metadata].map(entryValue) } : { metadata: [] };
  const connection_settings = {
    parity: "settings" in sent && sent.settings.parity === "even" ? ("Even" as const) : ("Odd" as const),
    max_concurrent_requests: "settings" in sent ? sent.settings.maxConcurrentRequests : 0,
  };
  switch (sent.tag) {
    case "Hello":
      return at({ tag: "Hello", version: sent.version, connection_settings, ...entries });
    case "HelloYourself":
    case "ConnectionOpen":
    case "ConnectionAccept":
      return at({ tag: sent.tag, connection_settings, ...entries });
    case "ProtocolError":
      return at({ tag: "ProtocolError", description: sent.description });
    case "ConnectionReject":
    case "ConnectionClose":
      return at({ tag: sent.tag, ...entries });
    case "Ping":
    case "Pong":
      return at({ tag: sent.tag, nonce: BigInt(sent.nonce) });
    case "RequestCall": {
      const method_id = (BigInt(sent.methodHi) << 32n) | BigInt(sent.methodLo);
      const ids = sent.channels.map(BigInt);
      const args = sent.args as Uint8Array;
      return at(request(sent.id, { tag: "Call", method_id, channels: ids, ...entries, args }));
    }
    case "RequestResponse": {
      const ret = sent.ret as Uint8Array;
      return at(request(sent.id, { tag: "Response", channels: sent.channels.map(BigInt), ...entries, ret }));
    }
    case "RequestCancel":
      return at(request(sent.id, { tag: "Cancel", ...entries }));
    case "ChannelItem":
      return at(channel(sent.id, { tag: "Item", item: sent.item as Uint8Array }));
    case "ChannelClose":
      return at(channel(sent.id, { tag: "Close", ...entries }));
    case "ChannelReset":
      return at(channel(sent.id, { tag: "Reset", ...entries }));
    case "ChannelGrantCredit":
      return at(channel(sent.id, { tag: "GrantCredit", additional: sent.additional }));
  }
}

type Payload<Tag extends Value["payload"]["tag"]> = Extract<Value["payload"], { tag: Tag }>;

function request(of: Id, body: Payload<"RequestMessage">["body"]): Value["payload"] {
  return { tag: "RequestMessage", id: BigInt(of), body };
}

function channel(of: Id, body: Payload<"ChannelMessage">["body"]): Value["payload"] {
  return { tag: "ChannelMessage", id: BigInt(of), body };
}

function entryValue({ key, value, flags }: MetadataEntry) {
  if (typeof value === "string") return { key, value: { tag: "String" as const, value }, flags };
  if (typeof value === "bigint") return { key, value: { tag: "U64" as const, value }, flags };
  return { key, value: { tag: "Bytes" as const, value }, flags };
}

function written(sent: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, sent);
  return writer.finish();
}

// fast-check prints the seed and the smallest failing case.
suite("for any message", () => {
  test("the codec by hand and the schema's write the same bytes", () => {
    fc.assert(
      fc.property(message, (sent) => {
        assert.deepEqual(written(sent), encode(MessageSchema, asValue(sent)));
      }),
      { numRuns: 1500 },
    );
  });

  test("it comes back from its bytes, ids exact and metadata in order", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const reader = new Reader(written(sent));
        const received = decodeMessage(reader);
        assert.equal(reader.remaining, 0);
        assert.equal(received.tag, sent.tag);
        assert.equal(typeof received.connectionId, typeof sent.connectionId);
        assert.deepEqual(asValue(received), asValue(sent));
      }),
      { numRuns: 1500 },
    );
  });

  test("cut short it is a DecodeError, or a message with a shorter body", () => {
    fc.assert(
      fc.property(message, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (sent, at) => {
        const whole = written(sent);
        const cut = whole.subarray(0, Math.floor(at * whole.length));
        const received = decodedOrRefused(cut);
        if (received === undefined) return;
        assert("args" in received || "ret" in received || "item" in received, `${received.tag} was cut`);
        assert.deepEqual(written(received), cut);
      }),
      { numRuns: 1500 },
    );
  });

  test("a flipped byte gives another message or a DecodeError", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, at, flip) => {
        const whole = written(sent);
        const index = at % whole.length;
        whole[index] = (whole[index] ?? 0) ^ flip;
        decodedOrRefused(whole);
      }),
      { numRuns: 1500 },
    );
  });
});

test("random bytes decode or are a DecodeError, and stay as they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => {
      const before = payload.slice();
      decodedOrRefused(payload);
      // An index in range is rare in random bytes: most of these get past the first field.
      decodedOrRefused(Uint8Array.from([0, (payload[0] ?? 0) % 11, ...payload]));
      assert.deepEqual(payload, before);
    }),
    { numRuns: 3000 },
  );
});

function decodedOrRefused(payload: Uint8Array): Message | undefined {
  try {
    return decodeMessage(new Reader(payload));
  } catch (error) {
    assert(error instanceof DecodeError, String(error));
    return undefined;
  }
}
