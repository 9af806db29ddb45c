// What befalls processes, played: `npm run -s faults -- --help`. Kills, stops, files that run out, disks that are
// full, clocks that are set; exits with 1 if one did not come out as expected.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { SeededRandom } from "roam/testing";
import { bundleProgram } from "./bundle-program.ts";
import { headOf, lineOf } from "./faults/fault-table.ts";
import { FAULTS } from "./faults/faults.ts";
import { playFault } from "./faults/play-fault.ts";

const USAGE = `usage: npm run -s faults -- [--seed S] [--only PART-OF-A-ROW] [--quick]
  --seed S      decides when a kill falls, and what is under way
  --only PART   of a row's name and place, such as "kill -9 of a client | tcp"
  --quick       each kill once`;

/** Kills of one row, on one survivor: what leaks is seen to add up. */
const TIMES = 5;

async function main(options: { seed: number; only: string; times: number }): Promise<number> {
  const { seed, only, times } = options;
  const program = await bundleProgram(new URL("faults/side-process.ts", import.meta.url));
  console.log(`seed ${seed}; repeat with: npm run -s faults -- --seed ${seed}`);
  console.log(headOf());
  const faults = FAULTS.filter(({ name, where }) => `${name} | ${where}`.includes(only));
  let failed = 0;
  for (const fault of faults) {
    // Of its own, so that one row alone has the same luck.
    const random = new SeededRandom(seed, `${fault.name} ${fault.where}`);
    const played = await playFault(fault, program, { random, times });
    console.log(lineOf(fault, played));
    if (played.failures.length > 0) failed++;
  }
  console.log(`${faults.length - failed} passed, ${failed} failed`);
  return failed === 0 && faults.length > 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    only: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean" },
  },
});
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
if (values.help) console.log(USAGE);
else if (Number.isSafeInteger(seed)) {
  process.exitCode = await main({ seed, only: values.only, times: values.quick ? 1 : TIMES });
} else {
  console.error(`--seed ${values.seed} is no integer\n${USAGE}`);
  process.exitCode = 2;
}
