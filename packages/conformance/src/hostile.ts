// The threat model, played: `npm run -s hostile -- --help`. Each row against a server in a process of its own, with
// an innocent client calling it all the while; exits with 1 if one did not come out as expected.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { bundleProgram } from "./bundle-program.ts";
import { type PlayedThreat, playThreat } from "./hostile/play-threat.ts";
import { headOf, lineOf } from "./hostile/threat-table.ts";
import { THREATS } from "./hostile/threats.ts";

const USAGE = `usage: npm run -s hostile -- [--seed S] [--only PART-OF-A-NAME] [--quick]
  --quick   shorter measurements before each attack`;

async function main(options: { seed: number; only: string; beforeMs: number }): Promise<number> {
  const { seed, only, beforeMs } = options;
  const program = (name: string) => bundleProgram(new URL(`hostile/${name}.ts`, import.meta.url));
  const programs = { victim: await program("victim-process"), neighbour: await program("neighbour-process") };
  console.log(`seed ${seed}; repeat with: npm run -s hostile -- --seed ${seed}`);
  console.log(headOf());
  const threats = THREATS.filter(({ name }) => name.includes(only));
  let failed = 0;
  for (const threat of threats) {
    const played: PlayedThreat = await playThreat(threat, programs, { seed, beforeMs });
    console.log(lineOf(threat, played));
    if (played.failures.length > 0) failed++;
  }
  console.log(`${threats.length - failed} passed, ${failed} failed`);
  return failed === 0 && threats.length > 0 ? 0 : 1;
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
  // An attacker's socket that fails late must not decide what comes of a row; nor keep this process.
  process.exit(await main({ seed, only: values.only, beforeMs: values.quick ? 250 : 1000 }));
} else {
  console.error(`--seed ${values.seed} is no integer\n${USAGE}`);
  process.exitCode = 2;
}
