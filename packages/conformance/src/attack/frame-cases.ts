import { encodeClientHello } from "../../../roam/src/conduit/stable/hello.ts";
import { encoded } from "../replay/scene.ts";
import { expectEqual } from "../vectors/tally.ts";
import { frameOf } from "./knock.ts";
import { Owner } from "./owner.ts";
import type { AttackCase, Scene } from "./scene.ts";

const PING = encoded({ tag: "Ping", connectionId: 0, nonce: 1 });

/** Payloads of which no replay makes sense, by the number that is due. */
const SENSELESS: readonly ((seq: number, scene: Scene) => Uint8Array)[] = [
  () => new Uint8Array(),
  (seq) => Uint8Array.of(seq),
  // A number above u32, one that does not end, an ack that is neither there nor absent, one that is cut short.
  () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f, 0, ...PING),
  () => new Uint8Array(40).fill(0xff),
  (seq) => Uint8Array.of(seq, 2, ...PING),
  (seq) => Uint8Array.of(seq, 1, 0x80),
  // No item, half of one, one of no kind.
  (seq) => frameOf(seq, undefined, new Uint8Array()),
  (seq) => frameOf(seq, undefined, PING.subarray(0, 2)),
  (seq, { random }) =>
    frameOf(seq, undefined, Uint8Array.of(0, 11 + random.integer(0, 100), ...random.bytes(20))),
  // Another hello, where a frame is due.
  () => encodeClientHello({ resumeKey: undefined, lastReceived: undefined }),
];

export const senselessFrame: AttackCase = {
  name: "a frame that does not decode",
  expected: "the session ends with protocol-error, its key is refused, others undisturbed",
  async run(scene) {
    const other = await Owner.open(scene.target);
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const owners: Owner[] = [];
      for (const payload of SENSELESS) {
        const owner = await Owner.open(scene.target);
        await owner.expectAlive();
        owner.link.send(payload((owner.sent ?? 0) + 1, scene));
        owners.push(owner);
      }
      // Each takes a while: the server says why, and waits for the other side to end.
      await Promise.all(owners.map((owner) => expectEnded(owner, scene)));
      await scene.expectUndisturbed(other);
    }
    await other.close();
    return { tried: rounds * SENSELESS.length, seen: "all ended so" };
  },
};

export const mutatedFrames: AttackCase = {
  name: "frames with bytes changed at random",
  expected: "whatever comes of the session itself, others are undisturbed and the server has no fault",
  async run(scene) {
    const { random, target } = scene;
    const other = await Owner.open(target);
    const tried = 3_000;
    let survived = 0;
    let owner = await Owner.open(target);
    for (let index = 0; index < tried; index++) {
      const call = owner.request("echo", { value: index });
      const item = random.chance(0.5) ? encoded(call) : PONG;
      const frame = frameOf((owner.sent ?? 0) + 1, owner.received, item);
      for (let change = random.integer(1, 3); change > 0; change--)
        frame[random.integer(0, frame.length - 1)] = random.integer(0, 255);
      owner.link.send(random.chance(0.1) ? frame.subarray(0, random.integer(0, frame.length)) : frame);
      await answered(owner);
      if (!owner.link.hasEnded) survived++;
      owner.link.destroy();
      // What may be left of it is left to the retention; the next one comes with a key of its own.
      owner =
        random.chance(0.5) && (await owner.resume(await target.dial())) ? owner : await Owner.open(target);
      if (index % 250 === 0) await scene.expectUndisturbed(other);
    }
    owner.link.destroy();
    await scene.expectUndisturbed(other);
    await other.close();
    return {
      tried,
      seen: `${survived} links survived theirs, ${tried - survived} did not; others undisturbed`,
    };
  },
};

async function expectEnded(owner: Owner, scene: Scene): Promise<void> {
  await owner.link.untilEnd("the end of the link");
  expectEqual("the end of the session", (await owner.session.ended).code, "protocol-error");
  await scene.expectRefused({ resumeKey: owner.key, lastReceived: owner.received });
  owner.link.destroy();
}

const PONG = encoded({ tag: "Pong", connectionId: 0, nonce: 7 });

/** Until the server has dealt with what was sent: it answers a Ping by then, or has hung up. */
async function answered(owner: Owner): Promise<void> {
  const { link } = owner;
  const before = link.received;
  owner.sendRaw((owner.sent ?? 0) + 1, owner.received, PING);
  owner.sendRaw((owner.sent ?? 0) + 2, owner.received, PING);
  for (let turn = 0; turn < 200 && !link.hasEnded && link.received === before; turn++)
    await new Promise(setImmediate);
}
