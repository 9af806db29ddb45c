import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Files, roam } from "../commands/roam-command.ts";
import { connectShop, Shop, serveShop, startBetween, visit } from "./shop-example.ts";

const files = new Files();
const shop = await serveShop();
const silent = await serveShop({}, { introspection: false });
after(async () => {
  await shop.close();
  await silent.close();
  files[Symbol.dispose]();
});

const IN = "tcp://127.0.0.1:0";

/** The lines without their times. */
const told = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => line.replace(/^ +\d+\.\d{3} /, "").replace(/ \d+\.\d ms/, ""));

suite("roam proxy", () => {
  test("shows calls, answers, errors and items as the far side describes them", async () => {
    const run = await startBetween(["proxy", IN, shop.address]);
    await visit(run.url);
    await run.seen("#1 ended by the initiator, in order");
    run.interrupt();
    const { exit, out, err } = await run.done;
    assert.equal(exit, 130);
    assert.match(
      err,
      new RegExp(`^listening on ${run.url}, for ${shop.address}\n#1 from 127\\.0\\.0\\.1:\\d+\n`),
    );
    const lines = told(out);
    for (const line of [
      '#1 > call 1 Shop.find {"id":7}',
      '#1 < answer 1 Shop.find {"id":7,"name":"item 7","tags":{"red":1,"big":2},"at":5}',
      '#1 < error 3 Shop.find "NotFound"',
      "#1 > call 5 Shop.sum {}",
      "#1 > item 1 Shop.sum.numbers 7",
      "#1 > close 1 Shop.sum.numbers",
      "#1 < answer 5 Shop.sum 28",
      '#1 < item 3 Shop.list.out "line 6"',
      '#1 > item 5 Shop.shout.input "b"',
      '#1 < item 7 Shop.shout.output "B"',
      '#1/1 < answer 1 Audit.entries ["a","b"]',
      "#1/1 > close connection",
    ])
      assert(
        lines.some((one) => one.startsWith(line)),
        `${line} is in ${out}`,
      );
    // Called back: by a service that the far side does not serve, so by its id.
    assert.match(out, /#1 < call 2 0x[\da-f]{16} 6 bytes\n/);
    assert.match(out, /#1\/1 > open odd ids, 64 calls \[service=Audit/);
  });

  test("never shows sensitive values, however it is asked", async () => {
    for (const more of [
      [],
      ["--full"],
      ["--json"],
      ["--all"],
      ["--schema", files.schema("shop.json", Shop)],
    ]) {
      const run = await startBetween(["proxy", IN, shop.address, ...more]);
      const client = await connectShop(run.url, { metadata: { pass: { value: "hush-1", sensitive: true } } });
      const bytes = new TextEncoder().encode("hush-3");
      const metadata = {
        token: { value: "hush-2", sensitive: true },
        key: { value: bytes, sensitive: true },
        plain: "open",
      };
      await client.find({ id: 1 }, { metadata });
      await client.$.close();
      await run.seen("Shop.find");
      run.interrupt();
      const { out, err } = await run.done;
      assert.match(out, /token.*\(sensitive\)/, more.join());
      assert.match(out, /open/);
      assert.doesNotMatch(out + err, /hush/);
      const forms = [Buffer.from(bytes).toString("base64"), [...bytes].join(","), "key=6 bytes"];
      for (const form of forms) assert(!out.includes(form), `${form} in ${out}`);
    }
  });

  test("shows ids and sizes where nobody knows better, and says how that is changed", async () => {
    const run = await startBetween(["proxy", IN, silent.address]);
    const client = await connectShop(run.url);
    await client.find({ id: 1 });
    await client.$.close();
    await run.seen("answer 1");
    run.interrupt();
    const { out, err } = await run.done;
    assert.match(
      err,
      /the far side does not tell what it serves: calls are shown by their ids; --schema says/,
    );
    assert.match(out, /> call 1 0x[\da-f]{16} 1 byte\n/);
    assert.match(out, /< answer 1 0x[\da-f]{16} 21 bytes/);
  });

  test("writes JSON lines for programs", async () => {
    const run = await startBetween(["proxy", IN, shop.address, "--json"]);
    const client = await connectShop(run.url);
    await client.find({ id: 1 });
    await client.$.close();
    await run.seen('"took_ms"');
    run.interrupt();
    const { out, err } = await run.done;
    assert.equal(err, "");
    const [listening, ...lines] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(listening, { listening: run.url, to: shop.address });
    const call = lines.find(({ message }) => message === "RequestCall");
    assert.deepEqual(
      { ...call, at_ms: 0 },
      {
        at_ms: 0,
        session: 1,
        from: "initiator",
        message: "RequestCall",
        connection: "0",
        id: "1",
        method: "Shop.find",
        bytes: 1,
        channels: [],
        args: { id: 1 },
      },
    );
    assert.deepEqual(lines.at(-1)?.value, { id: 1, name: "item 1", tags: { red: 1, big: 2 }, at: 5 });
  });

  test("ends in order when nobody reads its output any more", async () => {
    const closed = roam(["proxy", IN, shop.address, "--json"], { outEndsAfter: 10 });
    assert.equal((await closed).exit, 0);
  });

  test("says what it cannot reach, and lets the client go", async () => {
    const run = await startBetween(["proxy", IN, "tcp://127.0.0.1:1"]);
    await assert.rejects(connectShop(run.url, { conduit: "bare" }), { code: "handshake" });
    await run.seen("the far side cannot be reached");
    run.interrupt();
    assert.equal((await run.done).exit, 130);
  });

  test("ends the calls that are under way when it is stopped", async () => {
    const run = await startBetween(["proxy", IN, shop.address]);
    const client = await connectShop(run.url, { conduit: "bare" });
    const slow = client.slow();
    const lost = assert.rejects(slow, { code: "closed" });
    await run.seen("Shop.slow");
    run.interrupt();
    await lost;
    assert.equal((await run.done).exit, 130);
  });

  test("control characters of a peer stay out of the terminal", async () => {
    const run = await startBetween(["proxy", IN, shop.address]);
    const client = await connectShop(run.url, { metadata: { "k\u001b[2J": "v\u001b[2J" } });
    await client.list({ count: 0 });
    const shouting = client.shout({ input: ["\u009b2J"] });
    for await (const _ of shouting.output);
    await shouting;
    await client.$.close();
    run.interrupt();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    assert.doesNotMatch((await run.done).out, /[\u001b\u009b]/);
  });

  test("bridges standard input and output, and ends with its session", async () => {
    const main = new URL("../../src/main.ts", import.meta.url).pathname;
    const command = `${process.execPath} --conditions=roam-source --import tsx ${main} proxy stdio: ${shop.address}`;
    const { exit, out } = await roam(["call", `stdio:${command}`, "Shop.find", "7"]);
    assert.equal(exit, 0);
    assert.equal((JSON.parse(out) as { name: string }).name, "item 7");
  });

  test("wants certificate and key together", async () => {
    const { exit, err } = await roam(["proxy", "tls://127.0.0.1:0", shop.address, "--listen-cert", "x.pem"]);
    assert.equal(exit, 2);
    assert.match(err, /--listen-cert and --listen-key go together/);
  });

  for (const args of [
    ["nonsense", "tcp://127.0.0.1:1"],
    [IN, "nonsense"],
  ]) {
    test(`refuses ${args.join(" ")}`, async () => {
      const { exit, err } = await roam(["proxy", ...args]);
      assert.equal(exit, 2);
      assert.match(err, /"nonsense" is not a URL\ntry: one begins with tcp: tls:/);
    });
  }
});
