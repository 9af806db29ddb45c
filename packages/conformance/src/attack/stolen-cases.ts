import { Difference, expectEqual } from "../vectors/tally.ts";
import { guardedTarget } from "./key-cases.ts";
import { knock } from "./knock.ts";
import { Owner } from "./owner.ts";
import type { AttackCase, Scene } from "./scene.ts";
import { type Target, VirtualTarget } from "./target.ts";

/** From the first frame on a new link until the key that was used for it ends (ms). */
const PROOF_MS = 30_000;

async function comeBack(owner: Owner): Promise<void> {
  owner.link.destroy();
  expectEqual("the owner's resume", await owner.resume(await owner.target.dial()), true);
}

/** A thief tries keys of an owner, with the right number and with others. @returns attempts */
async function stealWith(keys: readonly Uint8Array[], owner: Owner, scene: Scene): Promise<number> {
  let tried = 0;
  for (const resumeKey of keys) {
    for (const lastReceived of [owner.received, undefined, 0]) {
      await scene.expectRefused({ resumeKey, lastReceived }, await owner.target.dial());
      tried++;
    }
  }
  return tried;
}

export const stolenAfterProof: AttackCase = {
  name: "stolen key, after the owner showed a newer one",
  expected: "refused, the owner undisturbed",
  async run(scene) {
    let tried = 0;
    for (let round = 0; round < 40; round++) {
      const owner = await Owner.open(scene.target);
      const rotations = scene.random.integer(2, 5);
      for (let rotation = 0; rotation < rotations; rotation++) {
        await owner.expectAlive();
        await comeBack(owner);
      }
      // The last two are its own: issued now, and used for that.
      tried += await stealWith(owner.keys.slice(0, -2), owner, scene);
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    return { tried, seen: "all refused" };
  },
};

export const stolenAfterTime: AttackCase = {
  name: "stolen key, 30 s after the owner's first frame by the next one",
  expected: "refused, the owner undisturbed",
  async run(scene) {
    const target = await VirtualTarget.start();
    let tried = 0;
    for (let round = 0; round < 40; round++) {
      const owner = await Owner.open(target);
      await owner.expectAlive();
      await comeBack(owner);
      await owner.expectAlive();
      await target.clock.pass(PROOF_MS);
      tried += await stealWith(owner.keys.slice(0, -1), owner, scene);
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    return { tried, seen: "all refused" };
  },
};

export const stolenBeforeProof: AttackCase = {
  name: "stolen key, before the owner showed a newer one",
  expected:
    "a valid key is the session (by contract), but never for two at a time, and the owner learns of it; where principals are told apart, refused",
  async run(scene) {
    const rounds = 25;
    for (let round = 0; round < rounds; round++) {
      await expectOneAtATime(scene.target);
    }
    const { target, dialAsThief } = await guardedTarget();
    for (let round = 0; round < rounds; round++) {
      const owner = await Owner.open(target);
      await comeBack(owner);
      for (const resumeKey of owner.keys)
        await scene.expectRefused({ resumeKey, lastReceived: owner.received }, await dialAsThief());
      await scene.expectUndisturbed(owner);
      await owner.close();
    }
    await target.close();
    if (scene.victim.isDisturbed) throw new Difference("the victim's link was touched");
    return {
      tried: 3 * rounds,
      seen: `${rounds} of ${rounds} taken with a valid key, each noticed and taken back by the owner; ${2 * rounds} of ${2 * rounds} refused where principals are told apart`,
    };
  },
};

async function expectOneAtATime(target: Target): Promise<void> {
  const owner = await Owner.open(target);
  await owner.expectAlive();
  await comeBack(owner);
  const [used, newest] = owner.keys.slice(-2) as [Uint8Array, Uint8Array];
  const thief = await target.dial();
  const hello = await knock(thief, { resumeKey: used, lastReceived: owner.received });
  expectEqual("the thief is refused", hello?.isRejected, false);
  await owner.link.untilEnd("the end of the owner's link");
  const refusal = await knock(await target.dial(), { resumeKey: newest, lastReceived: owner.received });
  expectEqual("the owner's newest key is refused", refusal?.isRejected, true);
  expectEqual("the owner takes it back", await owner.resume(await target.dial(), { key: used }), true);
  await thief.untilEnd("the end of the thief's link");
  const again = await knock(await target.dial(), { resumeKey: hello?.resumeKey as Uint8Array });
  expectEqual("the thief's key is refused", again?.isRejected, true);
  await owner.expectAlive();
  await owner.close();
}
