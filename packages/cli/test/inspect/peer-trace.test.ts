import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, suite, test } from "node:test";
import { peerTrace } from "../../src/inspect/peer-trace.ts";
import { Io } from "../../src/io.ts";
import { openPeer, type PeerOptions } from "../../src/peer.ts";
import { Files } from "../commands/roam-command.ts";
import { connectShop, serveShop } from "../traffic/shop-example.ts";

const files = new Files();
after(() => files[Symbol.dispose]());

const OPTIONS: PeerOptions = { insecure: false, conduit: "auto", connectTimeout: 5_000 };
const TRACED = { sample: 1, sampleMs: 100, payloadBytes: 0, force: false };

function silentIo(): Io {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  return new Io({ ...streams, env: {}, signal: new AbortController().signal });
}

async function until(parts: AsyncIterator<string | Uint8Array>, pattern: RegExp): Promise<string> {
  let text = "";
  while (!pattern.test(text)) {
    const { done, value } = await parts.next();
    assert(!done, `it ended before ${pattern}: ${text}`);
    text += value;
  }
  return text;
}

suite("the trace of a peer", () => {
  test("comes as it happens, is written down, and ends with the session", async () => {
    await using shop = await serveShop({}, { introspection: { development: true } });
    await using peer = await openPeer(shop.address, OPTIONS, silentIo());
    const out = join(files.directory, "live.jsonl");
    const stop = new AbortController();
    const trace = await peerTrace(peer, { ...TRACED, out, signal: stop.signal });
    const ended = assert.rejects(trace.ended, { name: /Error/ });
    const parts = trace.input.open(stop.signal)[Symbol.asyncIterator]();
    const head = await until(parts, /"kind":"session".*\n/);
    assert.match(head, /^\{"roamTrace":1,/);
    const client = await connectShop(shop.address);
    await client.find({ id: 1 });
    const call = await until(parts, /"kind":"call-end".*\n/);
    const session = Number(/"session":(\d+),"kind":"call-end"/.exec(call)?.[1]);
    assert.equal(await trace.input.act?.(session, "cut"), true);
    await until(parts, /"state":"resumed"/);
    assert.equal(await trace.input.act?.(4_000_000, "cut"), false);
    await client.$.session.close();
    await peer.close();
    await ended;
    // It was for the owner alone.
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const written = readFileSync(out, "utf8");
    assert(written.startsWith('{"roamTrace":1,') && written.includes('"kind":"call-end"'));
  });

  test("does not overwrite a file, and needs introspection", async () => {
    await using shop = await serveShop();
    await using peer = await openPeer(shop.address, OPTIONS, silentIo());
    const { signal } = new AbortController();
    const out = files.write("there.jsonl", "precious");
    await assert.rejects(peerTrace(peer, { ...TRACED, out, signal }), {
      name: "UsageFailure",
      message: /exists/,
    });
    await using silent = await serveShop({}, { introspection: false });
    await using other = await openPeer(silent.address, OPTIONS, silentIo());
    await assert.rejects(peerTrace(other, { ...TRACED, signal }), { name: "Failure", exit: 4 });
  });
});
