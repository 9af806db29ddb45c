import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { documentOf } from "roam/schema";
import { type Message, Metadata, MetadataEntry, NO_PROPAGATE, SENSITIVE } from "roam/wire";
import {
  CAPTURE_VERSION,
  type CapturedMessage,
  capturedMessage,
  headerOf,
  lineOf,
  messageOf,
} from "../../src/traffic/capture-format.ts";
import { Files, roam } from "../commands/roam-command.ts";
import { Audit, connectShop, Shop, serveShop, startBetween, visit } from "./shop-example.ts";

const files = new Files();
const shop = await serveShop();
after(async () => {
  await shop.close();
  files[Symbol.dispose]();
});

const IN = "tcp://127.0.0.1:0";
let count = 0;
const fresh = () => join(files.directory, `capture-${++count}.jsonl`);

type Line = {
  readonly t: number;
  readonly session: number;
  readonly from?: string;
  readonly message?: CapturedMessage;
  readonly begin?: { readonly peer: string };
  readonly end?: { readonly from: string; readonly cause?: string };
};

function linesOf(path: string): [header: Record<string, unknown>, ...lines: Line[]] {
  const text = readFileSync(path, "utf8");
  assert(text.endsWith("\n"), "the last line is whole");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line)) as [Record<string, unknown>, ...Line[]];
}

suite("roam capture", () => {
  test("writes a session from its first message to its end, and ends by itself if told so", async () => {
    const file = fresh();
    const run = await startBetween(["capture", IN, shop.address, "--to", file, "--sessions", "1"]);
    await visit(run.url, { metadata: { pass: { value: "hush-1", sensitive: true } } });
    const { exit, out, err } = await run.done;
    assert.deepEqual({ exit, out }, { exit: 0, out: "" });
    assert.match(err, /: \d+ messages of 1 session, \d+\.\d KiB\n$/);
    const [header, ...lines] = linesOf(file);
    const { roamCapture, madeBy, at, from, to, schema } = header;
    assert.deepEqual(
      { roamCapture, from, to, schema },
      { roamCapture: 1, from: IN, to: shop.address, schema: documentOf([Shop, Audit]) },
    );
    assert.match(String(madeBy), /^roam \d+\.\d+\.\d+/);
    assert(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000);
    const [first, hello] = lines;
    assert.match(first?.begin?.peer ?? "", /^127\.0\.0\.1:\d+$/);
    assert.equal(hello?.message?.tag, "Hello");
    const token = hello?.message?.metadata?.find(({ key }) => key === "pass");
    assert.deepEqual(token, { key: "pass", redacted: true, flags: "1" });
    assert.deepEqual(lines.at(-1)?.end, { from: "initiator" });
    assert(lines.every(({ session }) => session === 1));
    const times = lines.map(({ t }) => t);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    const find = lines.find(({ message }) => message?.tag === "RequestCall");
    const descriptor = Shop.descriptors().get("find");
    assert.deepEqual(find?.message, {
      tag: "RequestCall",
      connection: 0,
      id: 1,
      method: descriptor?.id.toString(16).padStart(16, "0"),
      payload: "Bw==",
    });
    assert.doesNotMatch(readFileSync(file, "latin1"), /hush/);
    // Payloads may be anybody's secrets.
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test("has whole lines when it is interrupted in the midst of a call", async () => {
    const file = fresh();
    const run = await startBetween(["capture", IN, shop.address, "--to", file]);
    const client = await connectShop(run.url, { conduit: "bare" });
    const slow = assert.rejects(client.slow(), { code: "closed" });
    await client.find({ id: 1 });
    run.interrupt();
    await slow;
    assert.equal((await run.done).exit, 130);
    const [, ...lines] = linesOf(file);
    const tags = lines.map(({ message, end }) => message?.tag ?? (end ? "end" : "begin"));
    assert.deepEqual(tags, [
      "begin",
      "Hello",
      "HelloYourself",
      "RequestCall",
      "RequestCall",
      "RequestResponse",
      "end",
    ]);
  });

  test("does not overwrite a file unless told to", async () => {
    const file = fresh();
    writeFileSync(file, "precious");
    const { exit, err } = await roam(["capture", IN, shop.address, "--to", file]);
    assert.equal(exit, 2);
    assert.match(err, /exists\ntry: name another file, or overwrite it with --force/);
    assert.equal(readFileSync(file, "utf8"), "precious");
    const run = await startBetween(["capture", IN, shop.address, "--to", file, "--force"]);
    run.interrupt();
    await run.done;
    assert.equal(linesOf(file)[0].roamCapture, 1);
  });

  test("passes nothing on that it could not write down, and ends", async () => {
    const run = await startBetween(["capture", IN, shop.address, "--to", "/dev/full", "--force"]).catch(
      (error: Error) => error,
    );
    // The header alone may not fit any more.
    const told = run instanceof Error ? run.message : (await run.done).err;
    assert.match(told, /ended with 1|\/dev\/full: ENOSPC/);
  });

  test("says where the file is wanted", async () => {
    const { exit, err } = await roam(["capture", IN, shop.address]);
    assert.equal(exit, 2);
    assert.match(err, /try: name a file: --to session\.jsonl/);
  });
});

test("the example of the format's description is a capture", () => {
  const text = readFileSync(new URL("../../../../docs/capture-format.md", import.meta.url), "utf8");
  const [header, ...lines] = (/```json\n([\s\S]*?)\n```/.exec(text)?.[1] ?? "").split("\n");
  assert.equal(headerOf(JSON.parse(header ?? "")).roamCapture, CAPTURE_VERSION);
  const messages = lines.map((line) => lineOf(JSON.parse(line))).filter((line) => "message" in line);
  assert.equal(messages.length, 4);
  for (const { message } of messages) {
    const again = capturedMessage(messageOf(message, new Map([["token", "sesame"]])));
    assert.deepEqual(again, message);
  }
});

suite("a message in a capture", () => {
  const metadata = new Metadata([
    new MetadataEntry("text", "a"),
    new MetadataEntry("bytes", Uint8Array.of(0, 255), NO_PROPAGATE),
    new MetadataEntry("number", 2n ** 64n - 1n, 1n << 40n),
  ]);
  const settings = { parity: "even", maxConcurrentRequests: 7 } as const;
  const big = 2n ** 60n;
  const payload = Uint8Array.of(1, 2, 250);
  const messages: readonly Message[] = [
    { tag: "Hello", connectionId: 0, version: 7, settings, metadata },
    { tag: "HelloYourself", connectionId: 0, settings, metadata },
    { tag: "ProtocolError", connectionId: 0, description: "no" },
    { tag: "ConnectionOpen", connectionId: 3, settings, metadata },
    { tag: "ConnectionAccept", connectionId: 3, settings, metadata },
    { tag: "ConnectionReject", connectionId: 3, metadata },
    { tag: "ConnectionClose", connectionId: big, metadata: Metadata.EMPTY },
    {
      tag: "RequestCall",
      connectionId: 3,
      id: big,
      methodLo: 0xffff_fffe,
      methodHi: 0x0000_0001,
      channels: [1, big],
      metadata,
      args: payload,
    },
    { tag: "RequestResponse", connectionId: 3, id: 1, channels: [], metadata, ret: payload },
    { tag: "RequestCancel", connectionId: 0, id: 1, metadata },
    { tag: "ChannelItem", connectionId: 0, id: 1, item: new Uint8Array(0) },
    { tag: "ChannelClose", connectionId: 0, id: 1, metadata },
    { tag: "ChannelReset", connectionId: 0, id: 1, metadata },
    { tag: "ChannelGrantCredit", connectionId: 0, id: 1, additional: 0xffff_ffff },
    { tag: "Ping", connectionId: 0, nonce: 0xffff_ffff },
    { tag: "Pong", connectionId: 0, nonce: big },
  ];
  for (const message of messages) {
    test(`${message.tag} is read as it was written`, () => {
      const line = JSON.parse(JSON.stringify(capturedMessage(message))) as CapturedMessage;
      assert.deepEqual(messageOf(line, new Map()), message);
    });
  }

  test("has no sensitive value, and takes one back", () => {
    const secret = new Metadata([new MetadataEntry("token", "hush", SENSITIVE | NO_PROPAGATE)]);
    const message: Message = { tag: "ConnectionClose", connectionId: 1, metadata: secret };
    const line = capturedMessage(message);
    assert.doesNotMatch(JSON.stringify(line), /hush/);
    assert.deepEqual(messageOf(line, new Map([["token", "hush"]])), message);
    assert.deepEqual(messageOf(line, new Map()), { ...message, metadata: Metadata.EMPTY });
  });
});
