import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Client,
  type ConnectOptions,
  clientOn,
  connect,
  type Handlers,
  implement,
  type ServeOptions,
  type Server,
  type Session,
} from "roam";
import type { Link } from "roam/link";
import { ScriptedLink, settled } from "roam/testing";
import { Testbed, type TestbedMethods, testbedHandlers, watch } from "./harness.ts";
import { linkKinds, serveOn } from "./links.ts";

interface World {
  readonly server: Server & { dial(): Promise<Link> };
  readonly client: Client<TestbedMethods>;
  /** Resolves with each session that the server sets up, in order. */
  session(): Promise<Session>;
}

interface Behaviour {
  readonly name: string;
  readonly handlers?: Partial<Handlers<TestbedMethods>>;
  readonly serve?: ServeOptions;
  readonly connect?: ConnectOptions;
  run(world: World): Promise<void>;
}

/** A handler that says when it was called and when it was aborted. */
function waitingHandler() {
  const events: { called?: () => void; aborted?: (code: unknown) => void } = {};
  const called = new Promise<void>((resolve) => (events.called = resolve));
  const aborted = new Promise<unknown>((resolve) => (events.aborted = resolve));
  const echo: Handlers<TestbedMethods>["echo"] = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        events.aborted?.(signal.reason.code);
        reject(signal.reason);
      });
      events.called?.();
    });
  return { echo, called, aborted };
}

function behaviours(): Behaviour[] {
  const [cancelled, lost, closing] = [waitingHandler(), waitingHandler(), waitingHandler()];
  const draining: { finish?: (text: string) => void } = {};
  let isSending = true;
  return [
    {
      name: "a call, an error of the method's own, an answer of 3 MB",
      async run({ client }) {
        assert.equal(await client.echo({ message: "hi" }), "hi");
        await assert.rejects(client.divide({ dividend: 1n, divisor: 0n }), {
          code: "user",
          detail: "DivisionByZero",
        });
        const large = "0123456789".repeat(300_000);
        assert.equal(await client.echo({ message: large }), large);
      },
    },
    {
      name: "300 calls at a time, each with its own answer",
      async run({ client }) {
        const asked = Array.from({ length: 300 }, (_, n) => `${n}`);
        assert.deepEqual(await Promise.all(asked.map((message) => client.echo({ message }))), asked);
      },
    },
    {
      name: "channels: 2,000 items to, from, and both ways",
      async run({ client }) {
        const numbers = Array.from({ length: 2_000 }, (_, n) => n);
        assert.equal(await client.sum({ numbers }), 1_999_000n);
        const received: number[] = [];
        for await (const number of client.generate({ count: 2_000 }).output) received.push(number);
        assert.deepEqual(received, numbers);
        const texts: string[] = [];
        for await (const text of client.transform({ input: numbers.map(String) }).output) texts.push(text);
        assert.deepEqual(texts, numbers.map(String));
      },
    },
    {
      name: "leaving the loop stops the sender",
      handlers: {
        async generate({ output }) {
          try {
            for (let number = 0; ; number++) await output.send(number);
          } catch (error) {
            isSending = false;
            throw error;
          }
        },
      },
      async run({ client }) {
        const stream = client.generate({ count: 0 });
        for await (const number of stream.output) if (number === 50) break;
        await assert.rejects(stream, { code: "cancelled" });
        assert.equal(isSending, false);
      },
    },
    {
      name: "cancelling reaches the handler",
      handlers: { echo: cancelled.echo },
      async run({ client }) {
        const controller = new AbortController();
        const call = client.echo({ message: "" }, { signal: controller.signal });
        await cancelled.called;
        controller.abort(new Error("enough"));
        await assert.rejects(call, { message: "enough" });
        assert.equal(await cancelled.aborted, "cancelled");
      },
    },
    {
      name: "virtual connections: one more service, closed by its last handle",
      serve: { services: [implement(Testbed, testbedHandlers)] },
      async run({ client, session }) {
        const there = await session();
        const other = await client.$.open(Testbed);
        assert.equal(there.virtualConnections, 1);
        assert.equal(await other.echo({ message: "there" }), "there");
        assert.equal(await other.sum({ numbers: [1, 2, 3] }), 6n);
        await other.$.close();
        assert.equal(await client.echo({ message: "here" }), "here");
        assert.equal(there.virtualConnections, 0);
      },
    },
    {
      name: "the server calls the client on the same connection",
      connect: { handler: implement(Testbed, testbedHandlers) },
      serve: { calls: Testbed },
      async run({ client, session }) {
        const back = clientOn(await session(), (await session()).root, Testbed);
        const [there, here] = await Promise.all([
          back.echo({ message: "back" }),
          client.echo({ message: "forth" }),
        ]);
        assert.deepEqual([there, here], ["back", "forth"]);
        assert.equal(await back.sum({ numbers: [4, 5] }), 9n);
      },
    },
    {
      name: "a call that is too large fails, and the session lives",
      connect: { limits: { maxPayloadBytes: 1_000 } },
      async run({ client }) {
        await assert.rejects(client.echo({ message: "x".repeat(2_000) }), { code: "too-large" });
        assert.equal(await client.echo({ message: "small" }), "small");
      },
    },
    {
      name: "a payload above the limit ends the session",
      serve: { limits: { maxPayloadBytes: 1_000 } },
      async run({ client, session }) {
        const there = await session();
        await assert.rejects(client.echo({ message: "x".repeat(2_000) }));
        assert.equal((await there.ended).code, "protocol-error");
        await client.$.session.ended;
      },
    },
    {
      name: "the server's close fails calls in flight with closed, and aborts handlers",
      handlers: { echo: closing.echo },
      async run({ client, server }) {
        const call = watch(client.echo({ message: "" }));
        await closing.called;
        await server.close();
        assert.equal(await closing.aborted, "closed");
        assert.equal((await client.$.session.ended).code, "closed");
        assert.deepEqual(call, { outcome: "closed", times: 1 });
        assert.equal(server.sessions.size, 0);
      },
    },
    {
      name: "the client's close aborts handlers, and ends the session there",
      handlers: { echo: lost.echo },
      async run({ client, session, server }) {
        const there = await session();
        const call = watch(client.echo({ message: "" }));
        await lost.called;
        await client.$.session.close();
        assert.deepEqual(call, { outcome: "closed", times: 1 });
        assert.equal(await lost.aborted, "closed");
        assert.equal((await there.ended).code, "closed");
        assert.equal(server.sessions.size, 0);
      },
    },
    {
      name: "giving the last handle up ends both sides in order",
      async run({ client, session }) {
        const there = await session();
        assert.equal(await client.echo({ message: "last" }), "last");
        await client.$.close();
        assert.equal((await there.ended).code, "closed");
        assert.equal((await client.$.session.ended).code, "closed");
      },
    },
    {
      name: "a server that drains lets a call finish",
      handlers: { echo: () => new Promise((resolve) => (draining.finish = resolve)) },
      async run({ client, server, session }) {
        const there = await session();
        const call = client.echo({ message: "" });
        assert.equal(await client.divide({ dividend: 6n, divisor: 3n }), 2n);
        const drained = server.drain({ timeoutMs: 5_000 });
        assert.equal(there.running, 1);
        draining.finish?.("finished");
        assert.equal(await call, "finished");
        await drained;
        assert.equal((await client.$.session.ended).code, "closed");
      },
    },
    {
      name: "keepalive Pings are answered",
      connect: { keepalive: { intervalMs: 5, timeoutMs: 2_000 } },
      async run({ client }) {
        while (client.$.session.roundTripMs === undefined) await settled();
        assert(client.$.session.roundTripMs < 2_000);
      },
    },
    {
      name: "a broken rule is told before the link goes",
      async run({ server, session }) {
        await session();
        for (const { sent, answer } of [
          { sent: [[0, 0, 8, 0, 64, 0]], answer: /version 8/ },
          { sent: [[1, 2, 3, 4]], answer: /./ },
          {
            sent: [
              [0, 0, 7, 0, 64, 0],
              [0, 6, 0],
            ],
            answer: /connection\.root/,
          },
          {
            sent: [
              [0, 0, 7, 0, 64, 0],
              [0, 11],
            ],
            answer: /session\.message\.payloads/,
          },
        ]) {
          const script = new ScriptedLink(await server.dial());
          for (const payload of sent) await script.send(payload);
          if (sent.length === 2) assert.equal((await script.expect("HelloYourself"))[1], 1);
          const error = await script.expect("ProtocolError");
          assert.deepEqual([...error.subarray(0, 2)], [0, 2]);
          assert.match(new TextDecoder().decode(error), answer);
          await script.expectEnd();
          script.die();
        }
      },
    },
    {
      name: "a broken rule is told even to who goes on sending",
      async run({ server, session }) {
        await session();
        const script = new ScriptedLink(await server.dial());
        const flooding = (async () => {
          await script.send([0, 0, 8, 0, 64, 0]);
          for (let sent = 0; sent < 50; sent++) await script.send(new Uint8Array(10_000));
        })();
        // The link may end while there is still something to send.
        flooding.catch(() => {});
        assert.match(new TextDecoder().decode(await script.expect("ProtocolError")), /version 8/);
        await script.expectEnd();
        script.die();
        await flooding.catch(() => {});
      },
    },
  ];
}

for (const kind of linkKinds) {
  suite(`over ${kind.name}`, () => {
    for (const { name, handlers, serve, connect: connectOptions, run } of behaviours()) {
      test(`${kind.name}: ${name}`, async () => {
        const sessions: Session[] = [];
        const waiting: ((session: Session) => void)[] = [];
        const server = await serveOn(
          kind,
          Testbed,
          { ...testbedHandlers, ...handlers },
          {
            onSession: (session) => {
              sessions.push(session);
              for (const tell of waiting.splice(0)) tell(session);
            },
            onHandlerError: () => {},
            ...serve,
          },
        );
        const session = async () => sessions[0] ?? new Promise<Session>((resolve) => waiting.push(resolve));
        const client = await connect(await server.dial(), Testbed, { ...connectOptions });
        try {
          await run({ server, client, session });
        } finally {
          await client.$.session.close();
          await server.close();
        }
        assert.equal(server.sessions.size, 0);
      });
    }
  });
}
