// More calls than a server can do: `npm run -s overload -- --help`. Exits with 1 if what is promised of
// overload (bounded latency, goodput, refusals at once, Pings that pass, a drain that loses nothing) is not so.
import { parseArgs } from "node:util";
import { bundleProgram } from "./bundle-program.ts";
import { checkLoad } from "./overload/check-load.ts";
import { runLoad, type Timing } from "./overload/run-load.ts";
import { LOADS } from "./overload/work.ts";

const USAGE = `usage: npm run -s overload -- [OPTIONS]
  --rounds N   times that each level of load is offered (default 3)
  --seconds N  length of each (default 3)
  --quick      1 round of 1.5 s`;

async function main(timing: Timing): Promise<number> {
  const program = (name: string) => bundleProgram(new URL(`overload/${name}.ts`, import.meta.url));
  const programs = { server: await program("server-process"), client: await program("client-process") };
  let passed = 0;
  let failed = 0;
  for (const load of LOADS) {
    const { table, checks } = checkLoad(load, await runLoad(load, programs, timing));
    console.log(table);
    for (const { isGood, text } of checks) {
      console.log(`${isGood ? "ok    " : "FAILED"} ${text}`);
      if (isGood) passed++;
      else failed++;
    }
    console.log();
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean" },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const levelMs = 1000 * Number(values.seconds ?? (values.quick ? 1.5 : 3));
if (values.help) console.log(USAGE);
else if (rounds >= 1 && levelMs >= 500) process.exitCode = await main({ rounds, levelMs });
else {
  console.error(USAGE);
  process.exitCode = 2;
}
