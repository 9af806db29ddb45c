import { Difference, expectEqual } from "../vectors/tally.ts";
import { knock } from "./knock.ts";
import { Owner } from "./owner.ts";
import { type AttackCase, type Scene, until } from "./scene.ts";

const ROUNDS_PER_ORDER = 150;

export const racingLinks: AttackCase = {
  name: "two links racing with one key, in both orders",
  expected: "one stays, the session lives, nothing lost or doubled",
  async run(scene) {
    const owner = await Owner.open(scene.target);
    const wins = { first: 0, second: 0 };
    for (let round = 0; round < 2 * ROUNDS_PER_ORDER; round++) {
      for (let mark = scene.random.integer(0, 4); mark > 0; mark--) owner.mark();
      // The link before may be alive, or gone.
      if (scene.random.chance(0.5)) owner.link.destroy();
      wins[await race(scene, owner, round % 2 === 0)]++;
      await owner.settle();
    }
    await scene.expectUndisturbed(owner);
    const { marks, id } = owner;
    const { items, doubled } = scene.target.log.of(id);
    await owner.close();
    return {
      tried: 2 * ROUNDS_PER_ORDER,
      seen: `the first to knock stayed ${wins.first} times, the second ${wins.second}; ${items} of ${marks} calls, ${doubled} doubled`,
    };
  },
};

/** @returns which of the two that knocked stayed */
async function race(scene: Scene, owner: Owner, isInOrder: boolean): Promise<"first" | "second"> {
  const { target, random } = scene;
  const [a, b] = [await target.dial(), await target.dial()];
  const [first, second] = isInOrder ? [a, b] : [b, a];
  const hello = { resumeKey: owner.key, lastReceived: owner.received };
  const answers = [knock(first, hello)];
  for (let turns = random.integer(0, 3); turns > 0; turns--) await new Promise(setImmediate);
  answers.push(knock(second, hello));
  const [ofFirst, ofSecond] = await Promise.all(answers);
  if (ofFirst?.isRejected || ofSecond?.isRejected) {
    scene.lostByOthers++;
    throw new Difference("a link with the right key was refused");
  }
  await until("one of two links ends", () => first.hasEnded || second.hasEnded);
  if (first.hasEnded && second.hasEnded) throw new Difference("both links were closed");
  const [stays, answer] = first.hasEnded ? [second, ofSecond] : [first, ofFirst];
  if (answer === undefined) throw new Difference("the link that stays was not answered");
  expectEqual("sessions with that state", owner.session.state.kind, "resumed");
  owner.adopt(stays, answer);
  return first.hasEnded ? "second" : "first";
}
