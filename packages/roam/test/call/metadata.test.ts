import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { method, service, t } from "roam";
import { Metadata, MetadataEntry, NO_PROPAGATE, SENSITIVE } from "roam/wire";
import { callOf, hex, pairOf, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Notes = service("Notes", { note: method({ text: t.string }, t.string) });

suite("metadata of calls", () => {
  // r[verify rpc.metadata]
  // r[verify rpc.metadata.value]
  // r[verify rpc.metadata.flags]
  test("goes out with a Call as given: Strings, Bytes, U64, flags", async () => {
    await using served = await scriptedServer(Notes);
    const note = served.client.note(
      { text: "" },
      {
        metadata: {
          plain: "text",
          raw: Uint8Array.of(1, 2),
          count: 2n ** 64n - 1n,
          token: { value: "t0p", sensitive: true },
          hop: { value: "x", noPropagate: true },
          both: { value: "y", sensitive: true, noPropagate: true },
        },
      },
    );
    const { metadata } = await served.peer.expect("RequestCall");
    assert.deepEqual(
      [...metadata],
      [
        new MetadataEntry("plain", "text"),
        new MetadataEntry("raw", Uint8Array.of(1, 2)),
        new MetadataEntry("count", 2n ** 64n - 1n),
        new MetadataEntry("token", "t0p", SENSITIVE),
        new MetadataEntry("hop", "x", NO_PROPAGATE),
        new MetadataEntry("both", "y", SENSITIVE | NO_PROPAGATE),
      ],
    );
    await served.peer.send(responseOf(1, [0, 0]));
    await note;
  });

  // r[verify rpc.metadata.duplicates]
  // r[verify rpc.metadata.keys]
  test("keeps repeated keys in order and tells the case of keys apart", async () => {
    const seen: Metadata[] = [];
    await using served = await scriptedClient(Notes, {
      note: ({ text }, call) => {
        seen.push(call.metadata);
        call.addMetadata([new MetadataEntry("via", "1"), new MetadataEntry("via", "2")]);
        call.addMetadata([new MetadataEntry("Via", "3"), new MetadataEntry("via", 4n)]);
        return text;
      },
    });
    const metadata = new Metadata([
      new MetadataEntry("tag", "a"),
      new MetadataEntry("Tag", "b"),
      new MetadataEntry("tag", "c"),
      new MetadataEntry("tag", 1n),
    ]);
    await served.peer.send(callOf(Notes, "note", 1, { args: [0], metadata }));
    const response = await served.peer.expect("RequestResponse");
    assert.deepEqual(seen[0]?.getAll("tag"), ["a", "c", 1n]);
    assert.deepEqual(seen[0]?.getAll("Tag"), ["b"]);
    assert.equal(seen[0]?.get("tag"), "a");
    assert.equal(seen[0]?.get("none"), undefined);
    assert.deepEqual(
      [...response.metadata].map(({ key, value }) => [key, value]),
      [
        ["via", "1"],
        ["via", "2"],
        ["Via", "3"],
        ["via", 4n],
      ],
    );
  });

  // r[verify rpc.metadata.unknown]
  // r[verify rpc.metadata.flags]
  test("unknown keys and unknown flags change nothing, and are there for the handler", async () => {
    const seen: Metadata[] = [];
    await using served = await scriptedClient(Notes, {
      note: ({ text }, call) => {
        seen.push(call.metadata);
        return text;
      },
    });
    const metadata = new Metadata([new MetadataEntry("x-future", "?", 2n ** 63n + 4n)]);
    await served.peer.send(callOf(Notes, "note", 1, { args: [1, 0x41], metadata }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 01 41");
    assert.deepEqual([...(seen[0] ?? [])], [new MetadataEntry("x-future", "?", 2n ** 63n + 4n)]);
    assert.deepEqual([...(seen[0]?.forwarded() ?? [])], [new MetadataEntry("x-future", "?", 2n ** 63n + 4n)]);
  });

  // r[verify rpc.metadata.flags]
  test("unknown flags cannot be created", async () => {
    await using served = await scriptedServer(Notes);
    const metadata = [new MetadataEntry("key", "value", 4n)];
    assert.throws(() => served.client.note({ text: "" }, { metadata }), RangeError);
    await served.peer.expectNothing();
  });

  // r[verify rpc.metadata.flags.sensitive]
  test("a sensitive value shows nowhere, neither here nor where it arrives", async () => {
    const secret = "t0p-s3cret";
    const shown: string[] = [];
    const show = (value: unknown) =>
      shown.push(inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value) ?? "", String(value));
    await using pair = await pairOf(Notes, {
      note: ({ text }, call) => {
        show(call.metadata);
        show([...call.metadata]);
        show(call);
        call.addMetadata({ session: { value: secret, sensitive: true } });
        return text;
      },
    });
    const metadata = Metadata.from({
      token: { value: secret, sensitive: true },
      raw: { value: new TextEncoder().encode(secret), sensitive: true },
    });
    show(metadata);
    const answer = await pair.client.note.result({ text: "a" }, { metadata });
    show(answer);
    assert.equal(answer.metadata.get("session"), secret);
    const bytes = [...new TextEncoder().encode(secret)].join(",");
    for (const text of shown) {
      assert(!text.includes(secret), text);
      assert(!text.replaceAll(/\s/g, "").includes(bytes), text);
    }
  });

  // r[verify rpc.metadata.flags.no-propagate]
  test("what must not be handed on is stripped by whoever forwards", () => {
    const metadata = Metadata.from({ keep: "1", drop: { value: "2", noPropagate: true }, also: "3" });
    assert.deepEqual(
      [...metadata.forwarded()].map(({ key }) => key),
      ["keep", "also"],
    );
  });

  for (const { name, metadata } of [
    {
      name: "too many entries",
      metadata: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, ""])),
    },
    { name: "too many bytes", metadata: { key: "x".repeat(65_536) } },
  ]) {
    test(`${name}: the call is not sent`, async () => {
      await using served = await scriptedServer(Notes);
      await assert.rejects(served.client.note({ text: "" }, { metadata }), {
        name: "CallError",
        code: "too-large",
      });
      await served.peer.expectNothing();
    });
  }
});
