import { t } from "roam";
import { ScriptedPeer } from "roam/testing";
import { type Message, Metadata, type RequestCall } from "roam/wire";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { encodeValue } from "../../coded.ts";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES } from "../address.ts";
import type { Case } from "../case.ts";
import { HELLO, ping } from "./hand-made-peer.ts";

const EMPTY = Metadata.EMPTY;
/** As announced by the Rust peer. */
const ITS_LIMIT = 64;

const NOBODYS = 998;

function echoCall(id: number, message: string, connectionId = 0): RequestCall {
  const descriptor = Testbed.descriptors().get("echo");
  if (descriptor === undefined) throw new TypeError("Testbed has no echo");
  const args = encodeValue(t.tuple([t.string]), [message]);
  const { idLo: methodLo, idHi: methodHi } = descriptor;
  return { tag: "RequestCall", connectionId, id, methodLo, methodHi, channels: [], metadata: EMPTY, args };
}

/** `Ok`, then the text. */
function echoed(message: string): Uint8Array {
  return Uint8Array.of(0, ...encodeValue(t.string, message));
}

function open(connectionId: number): Message {
  return {
    tag: "ConnectionOpen",
    connectionId,
    settings: { parity: "odd", maxConcurrentRequests: 1 },
    metadata: EMPTY,
  };
}

/** A session with the Rust peer whose messages are made by hand. */
class HandMadeSession {
  readonly peer: ScriptedPeer;
  #nonces = 1000;

  private constructor(peer: ScriptedPeer) {
    this.peer = peer;
  }

  static async dial(address: string): Promise<HandMadeSession> {
    return new HandMadeSession(new ScriptedPeer(await ADDRESSES.tcp.dial(address)));
  }

  static async open(address: string): Promise<HandMadeSession> {
    const session = await HandMadeSession.dial(address);
    await session.peer.handshake("initiator");
    return session;
  }

  /** All that comes in answer to these messages; a Ping sees to it that nothing else will. */
  async answers(...messages: readonly Message[]): Promise<Message[]> {
    for (const message of messages) await this.peer.send(message);
    const nonce = this.#nonces++;
    await this.peer.send(ping(nonce));
    const answers: Message[] = [];
    for (;;) {
      const message = await this.peer.expectAny();
      if (message.tag === "Pong" && message.nonce === nonce) return answers;
      answers.push(message);
    }
  }

  end(): void {
    this.peer.die();
  }
}

/** What was answered to calls, by request id. */
function responses(answers: readonly Message[]): [unknown, unknown][] {
  return answers.map((message) => {
    if (message.tag !== "RequestResponse") throw new Difference(`${message.tag} is no response`);
    return [message.id, message.ret];
  });
}

/** What a session of 7.3 lets pass, or does not answer: nothing of it may be relied upon, nor trip us. */
export function messageCases(address: string): Case[] {
  const ignored = (name: string, ...messages: Message[]): Case => ({
    name: `it ignores ${name}`,
    run: () => inSession(async (session) => expectEqual("answers", await session.answers(...messages), [])),
  });
  const inSession = async (run: (session: HandMadeSession) => Promise<void>) => {
    const session = await HandMadeSession.open(address);
    await run(session);
    session.end();
  };
  const hungUpOn = (name: string, message: Message): Case => ({
    name: `it hangs up on ${name}, without a word`,
    async run() {
      const session = await HandMadeSession.dial(address);
      await session.peer.send(message);
      await session.peer.expectEnd();
      session.end();
    },
  });
  return [
    // For session.message.connection-id.
    {
      name: "it answers a Ping on any connection, there",
      run: () =>
        inSession(async (session) =>
          expectEqual("answers", await session.answers(ping(5, 7)), [
            { tag: "Pong", connectionId: 7, nonce: 5 },
          ]),
        ),
    },
    // For session.handshake.
    hungUpOn("another version", { ...HELLO, version: 8 } as Message),
    hungUpOn("a first message that is no Hello", ping(1)),
    // For session.protocol-error.
    ignored("a ProtocolError", { tag: "ProtocolError", connectionId: 0, description: "enough" }),
    ignored("a second Hello", HELLO),
    // For connection.open.
    ignored("an accept that nobody waits for", { ...open(5), tag: "ConnectionAccept" } as Message),
    ignored("a reject that nobody waits for", {
      tag: "ConnectionReject",
      connectionId: 5,
      metadata: EMPTY,
    }),
    {
      name: "it rejects ids of the wrong parity, in use, and 0",
      run: () =>
        inSession(async (session) => {
          expectEqual(
            "answers",
            (await session.answers(open(2), open(3), open(3), open(0))).map(({ tag, connectionId }) => [
              tag,
              connectionId,
            ]),
            [
              ["ConnectionReject", 2],
              ["ConnectionAccept", 3],
              ["ConnectionReject", 3],
              ["ConnectionReject", 0],
            ],
          );
        }),
    },
    // For connection.close.semantics.
    ignored(
      "what comes on connections that are not there",
      echoCall(1, "nobody there", 9),
      { tag: "ConnectionClose", connectionId: 9, metadata: EMPTY },
      { tag: "ChannelItem", connectionId: 9, id: 1, item: Uint8Array.of(1) },
    ),
    ignored(
      "what belongs to no call or channel",
      { tag: "RequestCancel", connectionId: 0, id: NOBODYS, metadata: EMPTY },
      {
        tag: "RequestResponse",
        connectionId: 0,
        id: NOBODYS,
        channels: [],
        metadata: EMPTY,
        ret: echoed("?"),
      },
      { tag: "ChannelItem", connectionId: 0, id: NOBODYS, item: Uint8Array.of(1) },
      { tag: "ChannelGrantCredit", connectionId: 0, id: NOBODYS, additional: 8 },
      { tag: "ChannelReset", connectionId: 0, id: NOBODYS, metadata: EMPTY },
    ),
    // For connection.root.
    {
      name: "it gives its root up when told to, and answers no call there any more",
      run: () =>
        inSession(async (session) => {
          const close: Message = { tag: "ConnectionClose", connectionId: 0, metadata: EMPTY };
          expectEqual("answers", await session.answers(close, echoCall(1, "still there?")), []);
        }),
    },
    // For session.parity.
    {
      name: "it serves requests of any id, each time one comes",
      run: () =>
        inSession(async (session) => {
          const calls = [echoCall(2, "even"), echoCall(0, "zero"), echoCall(1, "once"), echoCall(1, "twice")];
          for (const call of calls) await session.peer.send(call);
          const answers: Message[] = [];
          while (answers.length < calls.length) answers.push(await session.peer.expect("RequestResponse"));
          expectEqual(
            "answers",
            responses(answers).toSorted(([a], [b]) => Number(a) - Number(b)),
            [
              [0, echoed("zero")],
              [1, echoed("once")],
              [1, echoed("twice")],
              [2, echoed("even")],
            ],
          );
        }),
    },
    // For session.connection-settings.
    {
      name: "it serves more calls than it announces",
      run: () =>
        inSession(async (session) => {
          const count = 3 * ITS_LIMIT;
          for (let i = 0; i < count; i++) await session.peer.send(echoCall(1 + 2 * i, `${i}`));
          const ids = new Set<unknown>();
          for (let i = 0; i < count; i++) ids.add((await session.peer.expect("RequestResponse")).id);
          expectEqual("answered", ids.size, count);
        }),
    },
    {
      name: "it takes items beyond the credit that it gave",
      run: () =>
        inSession(async (session) => {
          const sum = Testbed.descriptors().get("sum");
          if (sum === undefined) throw new TypeError("Testbed has no sum");
          const { idLo: methodLo, idHi: methodHi } = sum;
          const call = { ...echoCall(1, ""), methodLo, methodHi, channels: [1], args: new Uint8Array() };
          await session.peer.send(call);
          // The initial credit is 16; it drops in silence what is beyond 64.
          for (let i = 0; i < 40; i++) {
            await session.peer.send({ tag: "ChannelItem", connectionId: 0, id: 1, item: Uint8Array.of(2) });
          }
          await session.peer.send({ tag: "ChannelClose", connectionId: 0, id: 1, metadata: EMPTY });
          for (;;) {
            const message = await session.peer.expectAny();
            if (message.tag === "ChannelGrantCredit") continue;
            expectEqual("answer", responses([message]), [[1, Uint8Array.of(0, 80)]]);
            return;
          }
        }),
    },
  ];
}
