import { PassThrough } from "node:stream";
import { suite, test } from "node:test";
import type { Link } from "roam/link";
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
