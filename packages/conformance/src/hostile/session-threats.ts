import { knock } from "../attack/knock.ts";
import { sideBySide } from "../attack/scene.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { callOf, eventually, framed, helloOf, RawPeer, StablePeer, varint } from "./raw-peer.ts";
import type { Threat, ThreatScene } from "./threat.ts";

const TOKEN = "correct horse";
const DETACHED = 32;
const MIB = 2 ** 20;
const HELD_MIB = 8;

async function expectRefused(
  scene: ThreatScene,
  resumeKey: Uint8Array,
  lastReceived?: number,
): Promise<void> {
  const link = await scene.dial();
  const answer = await knock(link, { resumeKey, lastReceived });
  if (answer === undefined) throw new Difference("hung up on without a refusal");
  if (!answer.isRejected) throw new Difference("HIJACKED: the link was taken");
  await link.untilEnd("the end of a refused link");
  link.destroy();
}

export const guessedKeys: Threat = {
  name: "resume keys guessed",
  attack: "2,000 keys, half of them one bit off a real one (20,000 and timing: npm run -s attack)",
  limit: "128 random bits, compared in constant time",
  expected: "all refused alike, the owner undisturbed",
  maxKept: 1,
  async run(scene) {
    const owner = await StablePeer.open(scene.port);
    await sideBySide(2000, 32, async (index) => {
      const key = index % 2 === 0 ? scene.random.bytes(16) : owner.key.slice();
      if (index % 2 === 1) {
        const bit = scene.random.integer(0, 127);
        key[bit >> 3] = (key[bit >> 3] as number) ^ (1 << (bit & 7));
      }
      await expectRefused(scene, key);
    });
    if (owner.link.hasEnded) throw new Difference("the owner's link was closed");
    owner.link.destroy();
    return "2,000 of 2,000 refused";
  },
};

export const resumeFlood: Threat = {
  name: "resumes in a flood",
  attack: "a session is resumed 1,000 times, each time before the last link has ended",
  limit: "the older link is fenced; keys rotate",
  expected: "one session, one link; old keys refused",
  maxKept: 1,
  async run(scene) {
    const owner = await StablePeer.open(scene.port);
    let key = owner.key;
    const old: Uint8Array[] = [];
    let link = owner.link;
    for (let index = 0; index < 1000; index++) {
      const next = await scene.dial();
      const answer = await knock(next, { resumeKey: key, lastReceived: 0 });
      if (answer === undefined || answer.isRejected) throw new Difference(`resume ${index} was refused`);
      await link.untilEnd("the end of the fenced link");
      link.destroy();
      old.push(key);
      key = answer.resumeKey;
      link = next;
    }
    for (const each of old.slice(0, -1).slice(-50)) await expectRefused(scene, each, 0);
    expectEqual("sessions", (await scene.status()).sessions, 2);
    link.destroy();
    return "1,000 taken, 2 sessions with the neighbour's; 50 of 50 old keys refused";
  },
};

export const abandonedSessions: Threat = {
  name: "sessions left behind",
  attack: "400 stable sessions whose clients vanish",
  limit: `retention: maxDetached ${DETACHED}`,
  expected: "those that left first go first",
  victim: { retention: { maxDetached: DETACHED } },
  maxKept: DETACHED,
  async run(scene) {
    for (let index = 0; index < 400; index++) {
      const peer = await StablePeer.open(scene.port);
      peer.link.destroy();
    }
    await eventually("the surplus is gone", async () => (await scene.status()).sessions <= DETACHED + 1);
    return `${DETACHED} kept`;
  },
};

export const smallHoldings: Threat = {
  name: "many small holdings",
  attack: "12 sessions send 2 MiB of items each, which nobody takes, every one of them within its own limits",
  limit: `maxHeldBytes ${HELD_MIB} MiB`,
  expected: "those that hold most are ended, until the rest is below it",
  victim: { limits: { maxHeldBytes: HELD_MIB * MIB } },
  async run(scene) {
    const peers: RawPeer[] = [];
    for (let index = 0; index < 12; index++) {
      const peer = await scene.open();
      peer.send(callOf("ignore", 1, [], { channels: [1] }));
      const data = new Uint8Array(MIB / 8 - 1024);
      const item = Buffer.concat([Uint8Array.from(varint(data.length)), data]);
      for (let sent = 0; sent < 16; sent++) peer.send({ tag: "ChannelItem", connectionId: 0, id: 1, item });
      peers.push(peer);
    }
    await eventually("some are ended", async () => (await scene.status()).ends["too-large"] === 8);
    const { usage } = await scene.status();
    expectEqual("MiB held by the others", Math.ceil((usage?.heldBytes ?? 0) / MIB), HELD_MIB);
    for (const { link } of peers) link.destroy();
    // An answer for the neighbour may wait for its ack.
    await eventually("nothing is held", async () => ((await scene.status()).usage?.heldBytes ?? MIB) < 1024);
    return `8 of 12 ended, ${HELD_MIB} MiB held by the others`;
  },
};

export const refusedTokens: Threat = {
  name: "wrong tokens",
  attack: "1,000 Hellos with no token, or a wrong one, each with a call right behind",
  limit: "authenticate",
  expected: "refused without a reason, nothing served, the log has the reason",
  victim: { token: TOKEN },
  async run(scene) {
    const before = await scene.status();
    const said = new Set<string>();
    await sideBySide(1000, 32, async (index) => {
      const link = await scene.dial();
      const metadata = index % 2 === 0 ? undefined : { token: "wrong" };
      link.writeBytes(framed(helloOf(metadata), callOf("echo", 1, [1])));
      for (let payload = await link.next(); payload !== undefined; payload = await link.next())
        said.add(Buffer.from(payload.subarray(2)).toString("latin1"));
      link.destroy();
    });
    const after = await scene.status();
    expectEqual("sessions begun", after.begun, before.begun);
    expectEqual("lines in the log", after.logged - before.logged, 1000);
    if (said.size !== 1 || /token/.test([...said].join())) throw new Difference(`told: ${[...said]}`);
    const known = await RawPeer.open(scene.port, { metadata: { token: TOKEN } });
    await known.settle();
    known.link.destroy();
    return `all told the same, without a reason; 1,000 lines in the log, the last: ${after.lastLogged.replace(/\d+/g, "N")}`;
  },
};

export const SESSION_THREATS: readonly Threat[] = [
  guessedKeys,
  resumeFlood,
  abandonedSessions,
  smallHoldings,
  refusedTokens,
];
