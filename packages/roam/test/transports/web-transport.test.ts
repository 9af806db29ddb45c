import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, implement, method, serveHandler, service, t } from "roam";
import { type Link, LinkReceiver } from "roam/link";
import { linkCasesFor, noLeaks } from "roam/testing";
import { acceptWebTransport, dialWebTransport, type WebTransportSession } from "roam/web-transport";

/** Both ends of a connection in memory, as far as links need one; `ready` when the test says so. */
class FakeTransport implements WebTransportSession {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<unknown>;
  readonly incomingBidirectionalStreams: WebTransportSession["incomingBidirectionalStreams"];
  offer: (streams: Awaited<ReturnType<WebTransportSession["createBidirectionalStream"]>>) => void = () => {};
  end: () => void = () => {};
  peer: FakeTransport | undefined;
  closes = 0;

  constructor(ready: Promise<unknown> = Promise.resolve()) {
    this.ready = ready;
    ready.catch(() => {});
    this.closed = new Promise(() => {});
    this.incomingBidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.offer = (streams) => controller.enqueue(streams);
        this.end = () => controller.close();
      },
    });
  }

  async createBidirectionalStream() {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    this.peer?.offer({ readable: there.readable, writable: back.writable });
    return { readable: back.readable, writable: there.writable };
  }

  close(): void {
    if (this.closes++ === 0) this.peer?.end();
  }
}

/** A class as the platform has one, whose connections are accepted by `onAccept`. */
function platform(onAccept: (far: FakeTransport) => void, ready?: Promise<unknown>) {
  const dialled: FakeTransport[] = [];
  class Dialled extends FakeTransport {
    constructor(url: string) {
      super(ready);
      assert.equal(url, "https://there:4433/rpc");
      const far = new FakeTransport();
      this.peer = far;
      far.peer = this;
      dialled.push(this);
      onAccept(far);
    }
  }
  return { WebTransport: Dialled, dialled };
}

const URL_THERE = "https://there:4433/rpc";

async function pair(): Promise<readonly [Link, Link]> {
  let accepted: Promise<Link> | undefined;
  const { WebTransport } = platform((far) => {
    accepted = acceptWebTransport(far);
  });
  const link = await dialWebTransport(URL_THERE, { WebTransport });
  return [link, (await accepted) as Link];
}

// r[verify transport.stream.kinds]
suite("a link over WebTransport", () => {
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
    test(name, () => noLeaks(() => run(pair)));
  }

  test("ends its connection when both directions are done, and not before", async () => {
    const { WebTransport, dialled } = platform(
      (far) => void acceptWebTransport(far).then((link) => link.tx.close()),
    );
    const link = await dialWebTransport(URL_THERE, { WebTransport });
    assert.equal(await new LinkReceiver(link.rx).recv(), null);
    assert.equal(dialled[0]?.closes, 0);
    await link.tx.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(dialled[0]?.closes, 1);
  });

  test("carries a session", async () => {
    const Hello = service("Hello", { greet: method({ name: t.string }, t.string) });
    let onLink: (link: Link) => void = () => {};
    const server = await serveHandler(
      async (take) => {
        onLink = take;
        return { address: "webtransport", close: async () => {} };
      },
      implement(Hello, { greet: ({ name }) => `hello ${name}` }),
    );
    const { WebTransport } = platform((far) => void acceptWebTransport(far).then(onLink));
    const next = () => dialWebTransport(URL_THERE, { WebTransport });
    const hello = await connect({ next }, Hello);
    assert.equal(await hello.greet({ name: "you" }), "hello you");
    await hello.$.session.close();
    await server.close();
  });
});

suite("WebTransport that does not come about", () => {
  test("is an error, and closed", async () => {
    const { WebTransport, dialled } = platform(() => {}, Promise.reject(new Error("no such host")));
    await assert.rejects(dialWebTransport(URL_THERE, { WebTransport }), {
      code: "io",
      message: /no such host/,
    });
    assert.equal(dialled[0]?.closes, 1);
  });

  test("can be given up", async () => {
    let fail: (error: Error) => void = () => {};
    const { WebTransport, dialled } = platform(() => {}, new Promise((_, reject) => (fail = reject)));
    const stop = new AbortController();
    const dial = dialWebTransport(URL_THERE, { WebTransport, signal: stop.signal });
    stop.abort(new Error("enough"));
    assert.equal(dialled[0]?.closes, 1);
    fail(new Error("closed before it was ready"));
    await assert.rejects(dial, { message: "enough" });
    await assert.rejects(dialWebTransport(URL_THERE, { WebTransport, signal: stop.signal }), {
      message: "enough",
    });
    assert.equal(dialled.length, 1);
  });

  test("by who only connects and opens no stream is an error there", async () => {
    const near = new FakeTransport();
    const far = new FakeTransport();
    near.peer = far;
    far.peer = near;
    near.close();
    await assert.rejects(acceptWebTransport(far), { code: "io", message: /before a stream/ });
  });

  test("on a platform without it is a usage error", async () => {
    await assert.rejects(dialWebTransport(URL_THERE), { name: "TypeError", message: /no WebTransport/ });
  });
});
