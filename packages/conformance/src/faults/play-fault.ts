import type { SeededRandom } from "roam/testing";
import { eventually } from "../hostile/raw-peer.ts";
import { within } from "../interop/case.ts";
import { type Fault, FaultScene, type Seen } from "./fault.ts";
import type { Side } from "./side.ts";
import type { SideStatus } from "./side-process.ts";

/** What came of a fault. */
export interface PlayedFault {
  readonly seen: Seen | undefined;
  /** What is not as expected; none if all is well. */
  readonly failures: readonly string[];
  /** Open files of those who were to get back to what they had. */
  readonly descriptors: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  readonly tookMs: number;
}

/** A limit for what hangs, not a measure (ms). */
const FAULT_LIMIT_MS = 45_000;
/** Time for a process to be rid of what its counterpart left (ms). */
const CLEAN_UP_MS = 8_000;
/** What the heap may have grown by (bytes): code that was compiled, not payloads, which have 2 MiB. */
const MAX_GROWTH_BYTES = 6 * 2 ** 20;

/** Lets one thing happen, to fresh processes. */
export async function playFault(
  fault: Fault,
  program: string,
  options: { readonly random: SeededRandom; readonly times: number },
): Promise<PlayedFault> {
  await using scene = new FaultScene(program, options);
  const startMs = performance.now();
  const failures: string[] = [];
  let seen: Seen | undefined;
  try {
    seen = await within("the fault", fault.run(scene), FAULT_LIMIT_MS);
  } catch (error) {
    failures.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  const alive = scene.sides.filter(({ isAlive }) => isAlive);
  const descriptors: { name: string; before: number; after: number }[] = [];
  for (const side of alive) {
    if (failures.length > 0) break;
    failures.push(...(await leftOf(side)));
    if (side.before === undefined) continue;
    const [before, after] = [side.before.descriptors.length, side.descriptors.length];
    descriptors.push({ name: side.name, before, after });
  }
  return { seen, failures, descriptors, tookMs: performance.now() - startMs };
}

/** What a process still has that it had not before, or did not catch. */
async function leftOf(side: Side): Promise<string[]> {
  let left: string[] = [];
  const isClean = async () => {
    left = differences(side, await side.status());
    return left.length === 0;
  };
  try {
    await eventually("clean", isClean, CLEAN_UP_MS);
  } catch (error) {
    if (left.length === 0) left.push(String(error));
  }
  return left.map((what) => `${side.name}: ${what}`);
}

function differences({ before, descriptors }: Side, now: SideStatus): string[] {
  const found = now.uncaught.map((error) => `nobody caught ${error}`);
  if (before === undefined) return found;
  const { status } = before;
  for (const what of ["sessions", "links", "detached", "heldBytes", "running", "timers"] as const) {
    if (now[what] !== status[what]) found.push(`${what} ${now[what]}, before ${status[what]}`);
  }
  if (descriptors.length !== before.descriptors.length) {
    const more = descriptors.filter((one) => !before.descriptors.includes(one));
    found.push(`${descriptors.length} open files, before ${before.descriptors.length}: ${more}`);
  }
  const grownBytes = now.heapBytes - status.heapBytes;
  if (grownBytes > MAX_GROWTH_BYTES)
    found.push(`the heap has grown by ${(grownBytes / 2 ** 20).toFixed(1)} MiB`);
  return found;
}
