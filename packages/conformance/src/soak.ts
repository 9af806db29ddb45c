// Much data one way through a small replay buffer: `npm run -s soak -- --help`. Bundles the process at the
// ends, as a user's program would be (tsx marks every function with its name at run time, which
// costs), and runs two of them for each scene; exits with 1 if an item was lost, doubled or
// damaged, or the buffer outgrew its budget.
import { bundleProgram } from "./bundle-program.ts";
import { killAll } from "./interop/child.ts";
import { buildRustPeer } from "./interop/rust-peer.ts";
import { readOptions, type SoakOptions, USAGE } from "./soak/options.ts";
import { isRust, playScene, SCENES, type SoakResult, titleOf } from "./soak/scene.ts";

const MIB = 2 ** 20;

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function print(
  title: string,
  { sent, received, bytes, lost, replayLimitBytes, violations }: SoakResult,
): void {
  const { items, doubled, outOfOrder, damaged } = received;
  const perSecond = bytes / 1e6 / sent.seconds;
  console.log(
    `${title}: ${(bytes / 1e6).toFixed(0)} MB in ${sent.seconds.toFixed(1)} s, ${perSecond.toFixed(0)} MB/s`,
  );
  console.log(
    `  items ${items}, lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}, damaged ${damaged}`,
  );
  const { replayPeakBytes } = sent;
  const replay =
    replayPeakBytes === undefined ? "not told" : `${replayPeakBytes} of at most ${replayLimitBytes} bytes`;
  console.log(
    `  replay peak ${replay}; peak RSS sender ${mib(sent.peakRssBytes)}, receiver ${mib(received.peakRssBytes)} MiB`,
  );
  for (const violation of violations) console.log(`  FAILED ${violation}`);
}

/** @returns the exit status */
async function main(options: SoakOptions): Promise<number> {
  const scenes = SCENES.filter(
    (scene) => options.peer === "both" || isRust(scene) === (options.peer === "rust"),
  );
  if (scenes.some(isRust)) await buildRustPeer();
  const bundle = await bundleProgram(new URL("soak/soak-process.ts", import.meta.url));
  const { bytes, rustBytes, budgetBytes, itemBytes } = options;
  const sizes = `${mib(bytes)} MiB one way, ${mib(rustBytes)} with the Rust peer`;
  console.log(
    `${sizes}; replay budget ${budgetBytes} bytes, items of ${itemBytes} bytes; TCP on loopback, two processes`,
  );
  let failed = 0;
  for (const scene of scenes) {
    try {
      const result = await playScene(scene, bundle, options);
      print(titleOf(scene), result);
      if (result.violations.length > 0) failed++;
    } catch (error) {
      failed++;
      console.log(`${titleOf(scene)}:\n  FAILED ${error instanceof Error ? error.message : error}`);
    }
  }
  console.log(`${scenes.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: SoakOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
process.on("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main(options));
