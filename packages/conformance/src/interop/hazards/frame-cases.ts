import { randomBytes } from "node:crypto";
import { encodeClientHello } from "../../../../roam/src/conduit/stable/hello.ts";
import { frameOf } from "../../attack/knock.ts";
import { toHex } from "../../hex.ts";
import { expectEqual } from "../../vectors/tally.ts";
import type { SocketKind } from "../address.ts";
import type { Case } from "../case.ts";
import { HandMadePeer, ping, type RustFrame } from "./hand-made-peer.ts";

const LAST_SEQ = 0xffff_ffff;
/** Its first frames are HelloYourself and then answers: Pongs here. */
const numbers = (frames: readonly RustFrame[]) => frames.map(({ seq }) => seq);

/** What a conduit of 7.3 does with frames and hellos, each of it something that a rule of ours reckons with. */
export function frameCases(kind: SocketKind, addresses: { strict: string; forgetful: string }): Case[] {
  const open = () => HandMadePeer.open(kind, addresses.strict);
  return [
    {
      name: "it does not look at the magic of a hello",
      async run() {
        const peer = await HandMadePeer.dial(kind, addresses.strict);
        const hello = encodeClientHello({ resumeKey: undefined, lastReceived: undefined });
        hello.set(Buffer.from("ROAM"));
        await peer.script.send(hello);
        expectEqual("answer", toHex(await peer.script.expect("a ServerHello")).slice(0, 10), "524f534800");
        peer.script.die();
      },
    },
    {
      name: "it hangs up on a hello of another size",
      async run() {
        const peer = await HandMadePeer.dial(kind, addresses.strict);
        await peer.script.send(new Uint8Array(24));
        await peer.script.expectEnd();
        peer.script.die();
      },
    },
    {
      name: "with its state lost it takes any key, for a new session",
      async run() {
        const peer = await HandMadePeer.dial(kind, addresses.forgetful);
        const { isRejected, lastReceived } = await peer.greet({
          resumeKey: randomBytes(16),
          lastReceived: 7,
        });
        expectEqual("answer", { isRejected, lastReceived }, { isRejected: false, lastReceived: undefined });
        peer.script.die();
      },
    },
    // For stable.resume-key.
    {
      name: "each handshake brings another key",
      async run() {
        const peer = await open();
        const keys = [peer.resumeKey];
        for (let link = 0; link < 3; link++) {
          await peer.resume(0);
          keys.push(peer.resumeKey);
        }
        expectEqual("keys", new Set(keys.map((key) => toHex(key ?? new Uint8Array()))).size, keys.length);
        peer.script.die();
      },
    },
    // For stable.x.fresh-ack-header.
    {
      name: "it replays frames with the acks they had",
      async run() {
        const peer = await open();
        const frames = [...(await peer.pinged(1)), ...(await peer.pinged(2)), ...(await peer.pinged(3))];
        expectEqual(
          "acks",
          frames.map(({ ack }) => ack),
          [1, 2, 3],
        );
        const { lastReceived } = await peer.resume(0);
        expectEqual("last received", lastReceived, 3);
        const again = await peer.untilPong(3);
        expectEqual(
          "frames",
          again.map(({ payload }) => payload),
          frames.map(({ payload }) => payload),
        );
        peer.script.die();
      },
    },
    // For stable.x.ack-frame.
    {
      name: "the ack of a duplicate counts: ack frames empty its buffer",
      async run() {
        const peer = await open();
        for (const nonce of [1, 2, 3]) await peer.pinged(nonce);
        await peer.send({ tag: "Pong", connectionId: 0, nonce: 0 }, { seq: peer.sent, ack: 2 });
        await peer.pinged(4);
        await peer.resume(0);
        expectEqual("replayed", numbers(await peer.untilPong(4)), [3, 4]);
        peer.script.die();
      },
    },
    {
      name: "without such a frame it keeps all that goes one way, and replays it",
      async run() {
        const peer = await open();
        const count = 2000;
        for (let nonce = 1; nonce <= count; nonce++) await peer.send(ping(nonce));
        await peer.untilPong(count);
        await peer.resume(undefined);
        expectEqual("replayed", (await peer.untilPong(count)).length, count + 1);
        peer.script.die();
      },
    },
    // For stable.x.malformed.
    {
      name: "it decodes a duplicate before it drops it: fillers must be messages",
      async run() {
        const peer = await open();
        await peer.pinged(1);
        await peer.script.send(frameOf(0, 0, Uint8Array.of(0xff, 0xff)));
        await peer.script.expectEnd();
        peer.script.die();
      },
    },
    // For stable.x.close.
    {
      name: "a close frame is a duplicate to it",
      async run() {
        const peer = await open();
        await peer.pinged(1);
        await peer.script.send(frameOf(peer.sent, 1, Uint8Array.of(0, 6, 0)));
        expectEqual("answers", numbers(await peer.pinged(2)), [2]);
        peer.script.die();
      },
    },
    {
      name: "it takes any jump forward, and drops what comes after",
      async run() {
        const peer = await open();
        await peer.pinged(1, { seq: 10 });
        await peer.send(ping(2), { seq: 5 });
        const [answer] = await peer.pinged(3, { seq: 11 });
        expectEqual("answer", [answer?.seq, answer?.ack], [2, 11]);
        peer.script.die();
      },
    },
    // For stable.x.wrap.
    {
      name: "it is deaf behind the last number, but for acks",
      async run() {
        const peer = await open();
        await peer.pinged(1, { seq: LAST_SEQ - 1 });
        await peer.pinged(2, { seq: LAST_SEQ });
        for (const seq of [0, 1, 2]) await peer.send(ping(3 + seq), { seq, ack: 1 });
        const { lastReceived } = await peer.resume(undefined);
        expectEqual("last received", lastReceived, LAST_SEQ);
        expectEqual("replayed, and so not acknowledged", numbers(await peer.untilPong(2)), [2]);
        peer.script.die();
      },
    },
  ];
}
