// Codecs side by side: `npm run -s bench:codec -- --help`.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { bundled } from "./bundled.ts";
import { CODEC_USAGE, type CodecOptions, readCodecOptions } from "./codec/codec-options.ts";
import { measureCodecs } from "./codec/codec-rounds.ts";
import { codecTable, verdicts } from "./codec/codec-table.ts";
import { PACKAGES } from "./codec/contestants.ts";
import { versionOf } from "./machine.ts";

async function run({ plan, filter, json }: CodecOptions): Promise<void> {
  const { runs, rounds, roundMs } = plan;
  const versions = PACKAGES.map((name) => `${name} ${versionOf(name)}`);
  const where = [
    `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`,
    versions.join(", "),
    `${runs} runs in fresh processes, ${rounds} rounds of ${roundMs} ms each, interleaved; per second of CPU time`,
  ];
  console.log(`${where.join("\n")}\n`);
  const program = (await bundled("codec-child.ts"))("codec-child.ts");
  const measured = await measureCodecs(program, plan, filter);
  console.log(codecTable(measured));
  if (json === undefined) return;
  mkdirSync(dirname(json), { recursive: true });
  const all = { where, date: new Date().toISOString(), plan, verdicts: verdicts(measured), measured };
  writeFileSync(json, `${JSON.stringify(all, null, 1)}\n`);
}

try {
  const options = readCodecOptions(process.argv.slice(2));
  if (options.isHelp) console.log(CODEC_USAGE);
  else await run(options);
} catch (error) {
  const isUsage = error instanceof TypeError || error instanceof SyntaxError;
  console.error(isUsage ? `${error.message}\n${CODEC_USAGE}` : error);
  process.exitCode = isUsage ? 2 : 1;
}
