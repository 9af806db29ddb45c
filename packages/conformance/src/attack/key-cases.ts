import { DEFAULT_RETENTION } from "roam/conduit";
import { expectEqual } from "../vectors/tally.ts";
import { knock } from "./knock.ts";
import { Owner } from "./owner.ts";
import { RawSocket } from "./raw-link.ts";
import { type AttackCase, type Scene, sideBySide } from "./scene.ts";
import { Target, VirtualTarget } from "./target.ts";

/** Guesses at a time. */
const LANES = 64;

export const unknownKey: AttackCase = {
  name: "unknown key",
  expected: "all refused with a zero key, no session begun",
  async run(scene) {
    // Whatever they say to have received would do for this one: the key alone is wrong.
    const owner = await Owner.open(scene.target);
    const before = scene.target.sessions.size;
    const tried = 500;
    await sideBySide(tried, LANES, () =>
      scene.expectRefused({
        resumeKey: scene.random.bytes(16),
        lastReceived: scene.random.pick([undefined, 0]),
      }),
    );
    expectEqual("sessions", scene.target.sessions.size, before);
    await scene.expectUndisturbed(owner);
    await owner.close();
    return { tried, seen: "all refused" };
  },
};

export const expiredKey: AttackCase = {
  name: "expired key",
  expected: "taken until the retention is over, refused from then on",
  async run(scene) {
    const target = await VirtualTarget.start();
    const tried = 50;
    const owners: Owner[] = [];
    for (let index = 0; index < tried; index++) owners.push(await Owner.open(target));
    for (const owner of owners) owner.link.destroy();
    await target.clock.pass(DEFAULT_RETENTION.retentionMs - 1);
    const last = owners.pop() as Owner;
    expectEqual("a resume in time", await last.resume(await target.dial()), true);
    await target.clock.pass(1);
    for (const { key } of owners)
      await scene.expectRefused({ resumeKey: key, lastReceived: 0 }, await target.dial());
    await scene.expectUndisturbed(last);
    expectEqual("sessions", target.sessions.size, 1);
    await last.close();
    return { tried, seen: `${owners.length} refused, 1 in time taken` };
  },
};

export const closedKey: AttackCase = {
  name: "key of a session that was closed",
  expected: "refused, whoever closed it",
  async run(scene) {
    const tried = 60;
    for (let index = 0; index < tried; index++) {
      const owner = await Owner.open(scene.target);
      await owner.expectAlive();
      if (index % 2 === 0) await owner.close();
      else {
        const closing = owner.session.close();
        await owner.close();
        await closing;
      }
      await owner.session.ended;
      await scene.expectRefused({ resumeKey: owner.key, lastReceived: owner.received });
    }
    return { tried, seen: "all refused" };
  },
};

export const guessedKeys: AttackCase = {
  name: "guessed keys, and keys one bit off a real one",
  expected: "all refused, the owners undisturbed",
  async run(scene) {
    const owners: Owner[] = [];
    for (let index = 0; index < 16; index++) owners.push(await Owner.open(scene.target));
    const real = [...owners.map(({ key }) => key), scene.victim.key];
    const tried = 20_000;
    const guess = () =>
      scene.expectRefused({
        resumeKey: scene.guess(real),
        lastReceived: scene.random.pick([undefined, 0]),
      });
    await sideBySide(tried, LANES, guess);
    for (const owner of owners) {
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    return { tried, seen: "all refused" };
  },
};

export const numberWithoutKey: AttackCase = {
  name: "last_received without a key",
  expected: "all refused, no session begun",
  async run(scene) {
    const before = scene.target.sessions.size;
    const numbers = [0, 1, 300, 2 ** 31, 0xffff_ffff];
    for (const lastReceived of numbers) await scene.expectRefused({ lastReceived });
    expectEqual("sessions", scene.target.sessions.size, before);
    return { tried: numbers.length, seen: "all refused" };
  },
};

/** A server that tells principals apart: by the port that a link comes from, known before it says a word. */
export async function guardedTarget() {
  // Told apart by address: a port is given to another as soon as it is free.
  const thief = "127.0.0.2";
  const target = await Target.tcp({
    authenticate: ({ peer }) => (peer.startsWith(`${thief}:`) ? "thief" : "owner"),
  });
  const dialAsThief = () => RawSocket.dial(target.port, thief);
  return { target, dialAsThief };
}

export const otherPrincipal: AttackCase = {
  name: "resume under another principal",
  expected: "refused with every key, the owner undisturbed",
  async run(scene) {
    const { target, dialAsThief } = await guardedTarget();
    let tried = 0;
    const steal = async (owner: Owner) => {
      for (const resumeKey of owner.keys) {
        const hello = { resumeKey, lastReceived: owner.received };
        await scene.expectRefused(hello, await dialAsThief());
        tried++;
      }
    };
    for (let round = 0; round < 20; round++) {
      const owner = await Owner.open(target);
      await steal(owner);
      // Without a link it is no easier.
      owner.link.destroy();
      await steal(owner);
      expectEqual("the owner's resume", await owner.resume(await target.dial()), true);
      await steal(owner);
      await expectThiefHasOwn(dialAsThief);
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    await target.close();
    return { tried, seen: "all refused" };
  },
};

/** The thief is no stranger: sessions of its own it may have. */
async function expectThiefHasOwn(dialAsThief: () => ReturnType<Scene["target"]["dial"]>): Promise<void> {
  const link = await dialAsThief();
  const hello = await knock(link);
  expectEqual("the thief's own session", hello?.isRejected, false);
  link.destroy();
}
