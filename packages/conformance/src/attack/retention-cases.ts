import { expectEqual } from "../vectors/tally.ts";
import { Owner } from "./owner.ts";
import { type AttackCase, type Scene, until } from "./scene.ts";

/** What the attacked server keeps of sessions without a link. */
export const RETENTION = { maxDetached: 64, maxDetachedBytes: 8 * 1024 * 1024 } as const;

async function leave(owner: Owner): Promise<void> {
  owner.link.destroy();
  await until("detached, or gone", () => owner.session.state.kind !== "connected");
}

/** Those lost must be the first ones to leave; the others come back. */
async function expectOldestEvicted(scene: Scene, left: readonly Owner[], kept: number): Promise<void> {
  for (const [index, owner] of left.entries()) {
    const isEvicted = index < left.length - kept;
    expectEqual(
      `the session that left as number ${index}`,
      owner.session.state.kind === "lost" ? owner.session.state.reason : owner.session.state.kind,
      isEvicted ? "evicted" : "detached",
    );
  }
  for (const [index, owner] of left.entries()) {
    if (index < left.length - kept) {
      await scene.expectRefused({ resumeKey: owner.key, lastReceived: owner.received });
      continue;
    }
    expectEqual("the resume", await owner.resume(await scene.target.dial()), true);
    await scene.expectUndisturbed(owner);
    await owner.close();
  }
}

export const tooManyDetached: AttackCase = {
  name: `more than ${RETENTION.maxDetached} sessions without a link`,
  expected: "those that left first are evicted, attached ones never",
  async run(scene) {
    const attached: Owner[] = [];
    for (let index = 0; index < 10; index++) attached.push(await Owner.open(scene.target));
    const left: Owner[] = [];
    for (let index = 0; index < 3 * RETENTION.maxDetached; index++) {
      const owner = await Owner.open(scene.target);
      await owner.expectAlive();
      left.push(owner);
      await leave(owner);
    }
    for (const owner of attached) await scene.expectUndisturbed(owner);
    await expectOldestEvicted(scene, left, RETENTION.maxDetached);
    for (const owner of attached) await owner.close();
    return {
      tried: left.length,
      seen: `the first ${left.length - RETENTION.maxDetached} evicted, ${RETENTION.maxDetached} came back, ${attached.length} attached ones and the victim undisturbed`,
    };
  },
};

export const tooMuchDetached: AttackCase = {
  name: "more replay bytes of sessions without a link than are kept",
  expected: "those that left first are evicted, attached ones never, however much they hold",
  async run(scene) {
    const bytes = 2 ** 20;
    // What an answer adds to its bytes is little; the numbers of an owner fit as well.
    const kept = Math.floor(RETENTION.maxDetachedBytes / (bytes + 1024));
    const holding = async (answers: number) => {
      const owner = await Owner.open(scene.target);
      // Answered, and not acknowledged: the owner has nothing more to say.
      for (let answer = 0; answer < answers; answer++) owner.call("blob", { bytes });
      await owner.settle();
      return owner;
    };
    const attached = await holding(12);
    const left: Owner[] = [];
    for (let index = 0; index < 3 * kept; index++) {
      const owner = await holding(1);
      left.push(owner);
      await leave(owner);
    }
    expectEqual("an attached one's replay is kept", (attached.session.replay?.bytes ?? 0) > 12 * bytes, true);
    await scene.expectUndisturbed(attached);
    await expectOldestEvicted(scene, left, kept);
    await attached.close();
    return {
      tried: left.length,
      seen: `the first ${left.length - kept} evicted, ${kept} with a MiB each came back, one with 12 MiB that was attached and the victim undisturbed`,
    };
  },
};
