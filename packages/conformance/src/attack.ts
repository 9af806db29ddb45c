// Attacks on resumable sessions, with a client at work on the attacked server all the while: `npm run -s attack`.
// One line for each, then the account; exits with 1 if anything was not as expected.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { SeededRandom } from "roam/testing";
import { ATTACKS } from "./attack/attacks.ts";
import { HANDSHAKE_TIMEOUT_MS } from "./attack/flood-cases.ts";
import { MemoryWatch } from "./attack/memory-watch.ts";
import { RETENTION } from "./attack/retention-cases.ts";
import { type AttackCase, Scene } from "./attack/scene.ts";
import { Target } from "./attack/target.ts";
import { Victim } from "./attack/victim.ts";
import { within } from "./interop/case.ts";

const USAGE = "usage: npm run -s attack -- [--seed S] [--only PART-OF-A-NAME]";
/** Longest time for one case (ms): a limit for what hangs, not a measure. */
const CASE_LIMIT_MS = 120_000;
/** Heap that may be left when all is over (bytes): what a session leaves behind would add up to more. */
const MAX_LEFT_BYTES = 24 * 1024 * 1024;
/** What the process may grow by, attackers and all (bytes). */
const MAX_GROWTH_BYTES = 512 * 1024 * 1024;

let passed = 0;
let failed = 0;

function tell(isGood: boolean, line: string): void {
  if (isGood) passed++;
  else failed++;
  console.log(`${isGood ? "ok    " : "FAILED"} ${line}`);
}

async function play(attack: AttackCase, scene: Scene): Promise<void> {
  const startMs = performance.now();
  const { name, expected } = attack;
  try {
    const { tried, seen } = await within(name, attack.run(scene), CASE_LIMIT_MS);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    tell(
      true,
      `${name}: ${tried.toLocaleString("en")} tried; expected: ${expected}; seen: ${seen} (${seconds} s)`,
    );
  } catch (error) {
    tell(false, `${name}: expected: ${expected}\n       ${error instanceof Error ? error.stack : error}`);
  }
}

async function main(seed: number, only: string): Promise<void> {
  const { maxDetached, maxDetachedBytes } = RETENTION;
  console.log(
    `seed ${seed}; repeat with: npm run -s attack -- --seed ${seed}\n` +
      `one server on tcp: ${HANDSHAKE_TIMEOUT_MS} ms for a handshake, at most ${maxDetached} sessions and ${maxDetachedBytes / 2 ** 20} MiB without a link`,
  );
  const faults: string[] = [];
  const onFault = (error: unknown) => faults.push(`thrown out of the server: ${error}`);
  process.on("uncaughtException", onFault).on("unhandledRejection", onFault);
  const target = await Target.tcp({
    limits: { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS },
    retention: RETENTION,
  });
  const victim = await Victim.start(target);
  const memory = new MemoryWatch();
  const scene = new Scene(target, victim, new SeededRandom(seed));
  const attacks = ATTACKS.filter(({ name }) => name.includes(only));
  for (const attack of attacks) await play(attack, scene);

  const report = await victim.stop();
  tell(
    report.harm.length === 0,
    `the victim: ${report.down} items down, ${report.up} up, ${report.calls} calls, the slowest ${victim.slowestCallMs.toFixed(0)} ms; ${report.harm.join("; ") || "all complete and in order, by one link"}`,
  );
  if (report.harm.length > 0) scene.lostByOthers++;
  await target.close();
  const { line, leftBytes, peakBytes } = await memory.stop();
  tell(
    leftBytes <= MAX_LEFT_BYTES && peakBytes <= MAX_GROWTH_BYTES,
    `memory of server, victim and attackers together: ${line}`,
  );
  faults.push(...target.faults);
  tell(
    faults.length === 0,
    `faults of the server ${faults.length}${faults.map((each) => `\n       ${each}`).join("")}`,
  );
  console.log(
    `cases ${attacks.length}, sessions hijacked ${scene.hijacked}, sessions lost by others ${scene.lostByOthers}`,
  );
  console.log(`${passed} passed, ${failed} failed`);
  // A case that failed may have left something open.
  process.exit(failed === 0 && attacks.length > 0 && scene.hijacked + scene.lostByOthers === 0 ? 0 : 1);
}

const { values } = parseArgs({
  options: { seed: { type: "string" }, only: { type: "string", default: "" }, help: { type: "boolean" } },
});
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed);
if (values.help) console.log(USAGE);
else if (Number.isSafeInteger(seed)) await main(seed, values.only);
else {
  console.error(`--seed ${values.seed} is no integer\n${USAGE}`);
  process.exitCode = 2;
}
