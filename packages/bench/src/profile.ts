import { mkdirSync } from "node:fs";
import { caseNamed } from "./cases.ts";
import { contenderNamed } from "./contenders.ts";
import { whole } from "./figures.ts";
import { Pair, type PairSetting } from "./pair.ts";
import { printCpuProfile, printHeapProfile } from "./profile-report.ts";

const WARM_UP_MS = 1000;
/** A side with less to do than this has no profile worth printing (µs of CPU per operation). */
const IDLE_US = 0.05;

/**
 * Profiles one case of one contender, after a warm-up that is left out: first the time, then the
 * memory.
 *
 * @param name CASE/LANE
 * @param directory where the profiles go
 * @throws TypeError for a name that is not known
 */
export async function profile(
  name: string,
  durationMs: number,
  setting: PairSetting,
  directory: string,
): Promise<void> {
  const [caseName = "", contenderName = ""] = name.split("/");
  const test = caseNamed(caseName);
  await using pair = await Pair.start(await contenderNamed(contenderName), setting);
  mkdirSync(directory, { recursive: true });
  if (!(await pair.prepare(test.name, WARM_UP_MS)))
    throw new TypeError(`${contenderName} cannot do ${caseName}`);
  for (const of of ["cpu", "heap"] as const) {
    const path = (side: string) => `${directory}/${name.replace("/", "-")}-${side}.${of}profile`;
    await pair.askBoth({ kind: "start-profile", of });
    const before = await pair.askBoth({ kind: "cpu" });
    const { operations, elapsedMs } = await pair.run(test.name, durationMs);
    const after = await pair.askBoth({ kind: "cpu" });
    await pair.askBoth(
      { kind: "stop-profile", path: path("client") },
      { kind: "stop-profile", path: path("server") },
    );
    const perSecond = `${whole((operations * 1000) / elapsedMs)} ${test.unit}/s`;
    console.log(`${test.title}, ${contenderName}, ${of} profile: ${perSecond}\n`);
    for (const side of ["client", "server"] as const) {
      const cpuUs = ((after[side] as number) - (before[side] as number)) / operations;
      // Where both sides live in the measuring process, the other has nothing to do.
      if (cpuUs < IDLE_US) continue;
      const print = of === "cpu" ? printCpuProfile : printHeapProfile;
      print(side, path(side), operations);
    }
  }
}
