import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bench } from "./bench.ts";
import { cases } from "./cases.ts";
import { ratio } from "./figures.ts";
import { lanes } from "./lanes.ts";
import type { Circumstances } from "./machine.ts";
import { matrixOf } from "./matrix.ts";
import type { PairSetting } from "./pair.ts";
import type { Plan } from "./rounds.ts";
import { median } from "./statistics.ts";

/** What may not become slower: CASE/LANE. */
const GUARDED: readonly string[] = [
  "call-1/tcp",
  "call-64/tcp",
  "call-64/tcp-stable",
  "call-64/ws",
  "call-1000/tcp",
  "echo-64KiB-16/tcp",
  "down-16/tcp",
  "down-4096/tcp",
  "down-4096/tcp-stable",
  "down-4096/ws",
  "up-4096/tcp",
];
const PLAN: Plan = { rounds: 5, roundMs: 100, warmUpMs: 60, processWarmUpMs: 1500, isFresh: true };
/** A ratio to raw may fall to this share of what is committed. */
const LEAST_SHARE = 0.8;

/** Medians of the ratios to raw, by CASE/LANE. */
export type Ratios = Readonly<Record<string, number>>;

/** What is committed. */
interface GuardFile {
  readonly command: string;
  readonly machine: string;
  readonly date: string;
  readonly ratios: Ratios;
}

export interface Verdict {
  readonly name: string;
  readonly committed: number | undefined;
  /** Undefined if it could not be measured. */
  readonly now: number | undefined;
  readonly hasFallen: boolean;
}

/** Compares what was measured with what is committed; a figure that is missing now has fallen too. */
export function verdictsOf(committed: Ratios, now: Ratios): Verdict[] {
  const names = [...new Set([...Object.keys(committed), ...Object.keys(now)])];
  return names.map((name) => {
    const was = committed[name];
    const is = now[name];
    const hasFallen = was !== undefined && (is === undefined || is < was * LEAST_SHARE);
    return { name, committed: was, now: is, hasFallen };
  });
}

/** The better of two measurements: a busy machine makes figures worse, never better. */
export function better(first: Ratios, second: Ratios): Ratios {
  const names = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return Object.fromEntries(names.map((name) => [name, Math.max(first[name] ?? 0, second[name] ?? 0)]));
}

export function guardTable(verdicts: readonly Verdict[]): string {
  const width = Math.max(...verdicts.map(({ name }) => name.length));
  const figure = (value: number | undefined) => (value === undefined ? "-" : ratio(value)).padStart(10);
  const line = ({ name, committed, now, hasFallen }: Verdict) =>
    `${name.padEnd(width)}${figure(committed)}${figure(now)}${hasFallen ? "  FALLEN" : ""}`;
  return [
    `${"of raw".padEnd(width)}${"committed".padStart(10)}${"now".padStart(10)}`,
    ...verdicts.map(line),
  ].join("\n");
}

async function measured(names: readonly string[], setting: PairSetting): Promise<Ratios> {
  const filter = new RegExp(`^(${names.join("|")})$`);
  const { results } = await bench(matrixOf(cases, lanes, filter), PLAN, setting);
  const all = results.flatMap(({ test, measured }) =>
    measured.flatMap(({ contender, ofRaw }): [string, number][] =>
      ofRaw === undefined ? [] : [[`${test.name}/${contender}`, median(ofRaw)]],
    ),
  );
  return Object.fromEntries(all.filter(([name]) => names.includes(name)));
}

const FILE = fileURLToPath(new URL("../guard.json", import.meta.url));

/**
 * Compares ratios to raw with the committed ones, and prints them. What has fallen is measured once
 * more before it counts.
 *
 * @returns whether nothing has fallen
 */
export async function guard(setting: PairSetting): Promise<boolean> {
  const { ratios: committed, machine, date } = JSON.parse(readFileSync(FILE, "utf8")) as GuardFile;
  let now = await measured(GUARDED, setting);
  const fallen = verdictsOf(committed, now).filter(({ hasFallen }) => hasFallen);
  if (fallen.length > 0) {
    const names = fallen.map(({ name }) => name);
    console.log(`once more: ${names.join(", ")}\n`);
    now = better(now, await measured(names, setting));
  }
  const verdicts = verdictsOf(committed, now);
  console.log(`${guardTable(verdicts)}\n\ncommitted: ${date}, ${machine}`);
  return verdicts.every(({ hasFallen }) => !hasFallen);
}

/** Measures the guarded figures, and writes them to the file that is committed. */
export async function updateGuard(setting: PairSetting, around: Circumstances): Promise<void> {
  const ratios = await measured(GUARDED, setting);
  const rounded = Object.fromEntries(
    Object.entries(ratios).map(([name, value]) => [name, Number(ratio(value))]),
  );
  const file: GuardFile = {
    command: around.command,
    machine: `${around.cores} x ${around.machine}, node ${around.versions.node}`,
    date: around.date,
    ratios: rounded,
  };
  writeFileSync(FILE, `${JSON.stringify(file, null, 2)}\n`);
  console.log(guardTable(verdictsOf(rounded, ratios)));
}
