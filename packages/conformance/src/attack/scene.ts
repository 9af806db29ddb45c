import type { SeededRandom } from "roam/testing";
import type { ClientHello } from "../../../roam/src/conduit/stable/hello.ts";
import { Difference } from "../vectors/tally.ts";
import { pause } from "./desk.ts";
import { knock } from "./knock.ts";
import type { Owner } from "./owner.ts";
import type { RawLink, RawSocket } from "./raw-link.ts";
import type { Target } from "./target.ts";
import type { Victim } from "./victim.ts";

/** What came of an attack. */
export interface Outcome {
  /** Attempts made. */
  readonly tried: number;
  readonly seen: string;
}

/** One way to attack; it fails by throwing. */
export interface AttackCase {
  readonly name: string;
  readonly expected: string;
  run(scene: Scene): Promise<Outcome>;
}

/** What all cases have: a server on TCP with a victim on it, luck, and the account. */
export class Scene {
  readonly target: Target<RawSocket>;
  readonly victim: Victim;
  readonly random: SeededRandom;
  /** Sessions that somebody got who was to be refused. */
  hijacked = 0;
  /** Sessions that somebody lost to another one. */
  lostByOthers = 0;

  constructor(target: Target<RawSocket>, victim: Victim, random: SeededRandom) {
    this.target = target;
    this.victim = victim;
    this.random = random;
  }

  /** Somebody asks for a session that is none of theirs, and is to be refused and hung up on. */
  async expectRefused(hello: Partial<ClientHello>, link?: RawLink): Promise<void> {
    const its = link ?? (await this.target.dial());
    const answer = await knock(its, hello);
    if (answer === undefined) throw new Difference("the link was closed without a refusal");
    if (!answer.isRejected) {
      this.hijacked++;
      throw new Difference("HIJACKED: the link was taken");
    }
    const { received } = its;
    await its.untilEnd("the end of a refused link");
    if (its.received !== received) throw new Difference("something came after the refusal");
    its.destroy();
  }

  /** A session that nobody but its owner touched goes on by the link that it has. */
  async expectUndisturbed(owner: Owner): Promise<void> {
    try {
      if (owner.link.hasEnded) throw new Difference("its link was closed");
      await owner.expectAlive();
    } catch (error) {
      this.lostByOthers++;
      throw new Difference(`owner ${owner.id} lost its session: ${error}`);
    }
    if (this.victim.isDisturbed) throw new Difference("the victim's link was touched");
  }

  /** A key as a guesser would have it: any, or one bit off a real one. */
  guess(real: readonly Uint8Array[]): Uint8Array {
    if (real.length === 0 || this.random.chance(0.5)) return this.random.bytes(16);
    return this.flip(this.random.pick(real));
  }

  flip(key: Uint8Array): Uint8Array {
    const wrong = key.slice();
    const bit = this.random.integer(0, 127);
    wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
    return wrong;
  }
}

/** Waits for what others bring about. */
export async function until(what: string, isSo: () => boolean, limitMs = 10_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Difference(`${what}: not within ${limitMs} ms`);
    await pause(1);
  }
}

/** Runs `count` tasks, so many at a time. */
export async function sideBySide(
  count: number,
  lanes: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
