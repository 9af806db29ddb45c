// Scale: `npm run -s bench:scale -- --help`. What an operation costs when there is much else.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { AskedProcess } from "./asked-process.ts";
import { bundled } from "./bundled.ts";
import { type ScaleCase, type ScalePoint, scaleCases, takenDown } from "./scale-cases.ts";
import type { ScaleRequest } from "./scale-child.ts";
import { median, rotated } from "./statistics.ts";

const USAGE = `usage: npm run -s bench:scale -- [OPTIONS]
  --filter REGEX   only cases whose name matches: in-flight, pending, channels, busy, idle
  --quick          one round
  --json FILE      all rounds as JSON`;

const LANES = ["tcp", "tcp-stable", "tcp-raw"] as const;
type Lane = (typeof LANES)[number];

const ROUNDS = 3;
const WARM_UP: readonly ScaleRequest[] = [
  { kind: "call", calls: 200_000, callers: 64, connections: 1 },
  { kind: "call", calls: 10_000, callers: 1, connections: 1 },
];
const WARM_UP_CHANNELS: readonly ScaleRequest[] = [
  { kind: "channels", count: 10 },
  { kind: "send", items: 200_000 },
  { kind: "channels", count: 0 },
];

/** Both sides of a lane, fresh, connected and warm. */
class Pair implements AsyncDisposable {
  readonly #server: AskedProcess;
  readonly #client: AskedProcess;

  constructor(program: string, lane: Lane) {
    this.#server = new AskedProcess(program, [lane], []);
    this.#client = new AskedProcess(program, [lane], []);
  }

  async start(lane: Lane): Promise<void> {
    const address = await this.#server.ask<string>({ kind: "serve" } satisfies ScaleRequest);
    await this.ask({ kind: "dial", address });
    for (const request of WARM_UP) await this.ask(request);
    if (lane !== "tcp-raw") for (const request of WARM_UP_CHANNELS) await this.ask(request);
  }

  ask<T>(request: ScaleRequest): Promise<T> {
    return this.#client.ask<T>(request);
  }

  async #cpuUs(): Promise<number> {
    const request: ScaleRequest = { kind: "cpu" };
    const [server, client] = await Promise.all([
      this.#server.ask<number>(request),
      this.#client.ask<number>(request),
    ]);
    return server + client;
  }

  /** @returns CPU time of both sides for each operation (µs) */
  async measure({ setUp, work }: ScalePoint): Promise<number> {
    for (const request of setUp) await this.ask(request);
    const before = await this.#cpuUs();
    const operations = await this.ask<number>(work);
    const cpuUs = (await this.#cpuUs()) - before;
    for (const request of takenDown(setUp)) await this.ask(request);
    return cpuUs / operations;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#client[Symbol.asyncDispose]()]);
  }
}

/** Figures of all rounds by case, count and lane. */
type Measured = Map<string, number[]>;
const key = (test: ScaleCase, point: ScalePoint, lane: Lane) => `${test.name}/${point.count}/${lane}`;

async function measure(program: string, cases: readonly ScaleCase[], rounds: number): Promise<Measured> {
  const measured: Measured = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const lane of rotated(LANES, round)) {
      await using pair = new Pair(program, lane);
      await pair.start(lane);
      for (const test of cases.filter(({ isRawToo }) => isRawToo || lane !== "tcp-raw")) {
        for (const point of rotated(test.points, round)) {
          const figures = measured.get(key(test, point, lane)) ?? [];
          figures.push(await pair.measure(point));
          measured.set(key(test, point, lane), figures);
        }
      }
    }
  }
  return measured;
}

function tableOf(test: ScaleCase, measured: Measured): string {
  const cell = (point: ScalePoint, lane: Lane) => {
    const figures = measured.get(key(test, point, lane));
    if (figures === undefined) return "";
    const [least, most] = [Math.min(...figures), Math.max(...figures)];
    return `${median(figures).toFixed(2)} (${least.toFixed(2)}-${most.toFixed(2)})`;
  };
  const line = (first: string, cells: readonly string[]) =>
    `${first.padStart(8)} ${cells.map((text) => text.padStart(22)).join("")}`.trimEnd();
  const rows = test.points.map((point) =>
    line(
      point.count.toLocaleString("en-US"),
      LANES.map((lane) => cell(point, lane)),
    ),
  );
  return [`${test.title} [${test.name}]`, line("N", LANES), ...rows, ""].join("\n");
}

const { values: options } = parseArgs({
  options: {
    filter: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) console.log(USAGE);
else {
  const where = `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`;
  const rounds = options.quick ? 1 : ROUNDS;
  console.log(`${where}; CPU time of both sides, two processes; median (least-most) of ${rounds} rounds\n`);
  const pattern = new RegExp(options.filter);
  const cases = scaleCases.filter(({ name }) => pattern.test(name));
  const program = (await bundled("scale-child.ts"))("scale-child.ts");
  const measured = await measure(program, cases, rounds);
  for (const test of cases) console.log(tableOf(test, measured));
  if (options.json !== undefined) {
    mkdirSync(dirname(options.json), { recursive: true });
    const all = { where, date: new Date().toISOString(), measured: Object.fromEntries(measured) };
    writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
  }
}
