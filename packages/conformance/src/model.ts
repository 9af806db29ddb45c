/**
 * The small-state check: every interleaving of two stable ends over links that die, up to a depth,
 * with the production core. Prints the states visited; exit 1 on a violation, with the shortest way to it.
 */
import { parseArgs } from "node:util";
import { explore } from "./model/explore.ts";
import type { WorldOptions } from "./model/world.ts";

const { values } = parseArgs({
  options: {
    depth: { type: "string", default: "60" },
    states: { type: "string", default: "60000" },
    items: { type: "string" },
    cuts: { type: "string" },
  },
});
const LAST = 0xffff_ffff;

/** Small enough to be walked through, each for something else. */
const worlds: readonly { readonly name: string; readonly options: WorldOptions }[] = [
  { name: "one item each way, two cuts", options: { items: 1, cuts: 2, limits: { ackAfterItems: 1 } } },
  { name: "two items each way, one cut", options: { items: 2, cuts: 1, limits: { ackAfterItems: 2 } } },
  {
    name: "three items through a buffer of two, one cut",
    options: { items: 3, cuts: 1, limits: { ackAfterItems: 1, maxReplayFrames: 2, maxPermits: 1 } },
  },
  {
    name: "across the end of the numbers, one cut",
    options: {
      items: 3,
      cuts: 1,
      limits: { ackAfterItems: 1 },
      past: { sent: LAST - 1, received: LAST - 1 },
    },
  },
];

let violations = 0;
for (const { name, options } of worlds) {
  const given = {
    ...options,
    ...(values.items && { items: Number(values.items) }),
    ...(values.cuts && { cuts: Number(values.cuts) }),
  };
  const { states, transitions, depth, isComplete, violation } = explore(
    given,
    Number(values.depth),
    Number(values.states),
  );
  const extent = isComplete ? "complete" : `depth ${depth}`;
  console.log(
    `${name}: ${states.toLocaleString("en")} states, ${transitions.toLocaleString("en")} transitions, ${extent}`,
  );
  if (violation !== undefined) {
    violations++;
    console.log(`  VIOLATION ${violation.reason}\n  ${violation.path.join(" · ")}`);
  }
}
console.log(`${violations} violations`);
process.exitCode = violations === 0 ? 0 : 1;
