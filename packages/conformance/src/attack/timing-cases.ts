import { type Resumable, ResumeRegistry } from "../../../roam/src/conduit/stable/resume-registry.ts";
import { systemClock } from "../../../roam/src/internal/clock.ts";
import { Difference } from "../vectors/tally.ts";
import { knock } from "./knock.ts";
import { Owner } from "./owner.ts";
import type { AttackCase, Scene } from "./scene.ts";
import { type Spread, showSpread, spreadOf } from "./spread.ts";

const KINDS = ["right key", "unknown key", "one bit off"] as const;
type Kind = (typeof KINDS)[number];
/** A loose limit: by how much the medians of two kinds of wrong keys may differ. */
const MAX_RATIO = 2;

export const timingOverTcp: AttackCase = {
  name: "timing of answers, side by side",
  expected: `reported; wrong keys of both kinds take alike, within ${MAX_RATIO} times`,
  async run(scene) {
    const owner = await Owner.open(scene.target);
    const times: Record<Kind, number[]> = { "right key": [], "unknown key": [], "one bit off": [] };
    const tried = 4_500;
    for (let index = 0; index < tried; index++) {
      const kind = scene.random.pick(KINDS);
      times[kind].push(await answerUs(scene, owner, kind));
    }
    await scene.expectUndisturbed(owner);
    await owner.close();
    return { tried, seen: `µs to the answer, median (quartiles): ${compare(times)}` };
  },
};

async function answerUs(scene: Scene, owner: Owner, kind: Kind): Promise<number> {
  const link = await scene.target.dial();
  const resumeKey =
    kind === "right key"
      ? owner.key
      : kind === "one bit off"
        ? scene.flip(owner.key)
        : scene.random.bytes(16);
  const startMs = performance.now();
  const hello = await knock(link, { resumeKey, lastReceived: owner.received });
  const tookUs = (performance.now() - startMs) * 1000;
  if (hello === undefined) throw new Difference("the link ended without an answer");
  if (kind === "right key") {
    if (hello.isRejected) throw new Difference("the owner was refused");
    owner.adopt(link, hello);
  } else {
    if (!hello.isRejected) scene.hijacked++;
    link.destroy();
  }
  return tookUs;
}

/** Without sockets, where a difference would show most. */
export const timingOfLookUp: AttackCase = {
  name: "timing of the look-up alone",
  expected: `reported; wrong keys of both kinds take alike, within ${MAX_RATIO} times`,
  async run(scene) {
    const registry = new ResumeRegistry<Resumable>({ clock: systemClock });
    const keys = Array.from({ length: 1_000 }, () => registry.add({ replayBytes: 0, lose() {} }));
    const times: Record<Kind, number[]> = { "right key": [], "unknown key": [], "one bit off": [] };
    const [batches, batch] = [900, 100];
    for (let index = 0; index < batches; index++) {
      const kind = KINDS[index % KINDS.length] as Kind;
      const asked = Array.from({ length: batch }, () => {
        const key = scene.random.pick(keys);
        return kind === "right key" ? key : kind === "one bit off" ? scene.flip(key) : scene.random.bytes(16);
      });
      const startMs = performance.now();
      let found = 0;
      for (const key of asked) if (registry.find(key) !== undefined) found++;
      times[kind].push(((performance.now() - startMs) * 1000) / batch);
      if (found !== (kind === "right key" ? batch : 0))
        throw new Difference(`${found} of ${batch} found: ${kind}`);
    }
    return { tried: batches * batch, seen: `µs each, median (quartiles): ${compare(times)}` };
  },
};

function compare(times: Record<Kind, number[]>): string {
  const spreads = new Map<Kind, Spread>(KINDS.map((kind) => [kind, spreadOf(times[kind])]));
  const median = (kind: Kind) => (spreads.get(kind) as Spread).median;
  const ratio = median("one bit off") / median("unknown key");
  const text = [...spreads].map(([kind, spread]) => `${kind} ${showSpread(spread)}`).join(", ");
  if (ratio > MAX_RATIO || ratio < 1 / MAX_RATIO) throw new Difference(`${text}: ${ratio.toFixed(2)} times`);
  return text;
}
