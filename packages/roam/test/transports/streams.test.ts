import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import { type Link, LinkReceiver } from "roam/link";
import { pairLink, webStreamLink } from "roam/streams";
import { linkCasesFor, noLeaks } from "roam/testing";

const ALL = { isHalfOpen: true, isPausable: true };

function pipes(): readonly [Link, Link] {
  const there = new PassThrough();
  const back = new PassThrough();
  return [pairLink(back, there), pairLink(there, back)];
}

function webPipes(): readonly [Link, Link] {
  const there = new TransformStream<Uint8Array, Uint8Array>();
  const back = new TransformStream<Uint8Array, Uint8Array>();
  return [
    webStreamLink({ readable: back.readable, writable: there.writable }),
    webStreamLink({ readable: there.readable, writable: back.writable }),
  ];
}

// r[verify transport.stream.kinds]
suite("link over a readable and a writable, as standard input and output are", () => {
  for (const { name, run } of linkCasesFor(ALL)) test(name, () => noLeaks(() => run(pipes)));
});

// r[verify transport.stream.kinds]
suite("link over WHATWG streams", () => {
  for (const { name, run } of linkCasesFor(ALL)) test(name, () => noLeaks(() => run(webPipes)));
});

suite("a pair of streams that breaks", () => {
  for (const { name, harm } of [
    { name: "the writable closes before it is finished", harm: "writable" },
    { name: "the readable closes before its end", harm: "readable" },
  ] as const) {
    // r[verify link.rx.error]
    test(`${name}: the link is gone in both directions`, async () => {
      const streams = { readable: new PassThrough(), writable: new PassThrough() };
      const link = pairLink(streams.readable, streams.writable);
      const receiver = new LinkReceiver(link.rx);
      const waiting = receiver.recv();
      streams[harm].destroy();
      assert.equal(await waiting, null);
      await assert.rejects(link.tx.reserve(), { code: "closed" });
      assert(streams.readable.destroyed && streams.writable.destroyed);
    });

    test(`${name}, with an error: the link dies of it`, async () => {
      const streams = { readable: new PassThrough(), writable: new PassThrough() };
      const link = pairLink(streams.readable, streams.writable);
      const receiver = new LinkReceiver(link.rx);
      streams[harm].destroy(new Error("the pipe broke"));
      await assert.rejects(receiver.recv(), { code: "io", message: /the pipe broke/ });
      await assert.rejects(link.tx.reserve(), { code: "io" });
    });
  }
});
