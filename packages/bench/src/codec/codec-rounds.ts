import { AskedProcess } from "../asked-process.ts";
import type { CodecRequest, Direction } from "../codec-child.ts";
import { rotated } from "../statistics.ts";
import { CASE_NAMES, type CaseName } from "./codec-cases.ts";
import type { CodecPlan } from "./codec-options.ts";
import { CONTESTANTS } from "./contestants.ts";

export const DIRECTIONS: readonly Direction[] = ["encode", "decode"];

/** What one codec did in one case, per second of CPU time; the rounds in the same order for all. */
export interface CodecMeasured {
  readonly case: CaseName;
  readonly codec: string;
  /** Encoded size (bytes). */
  readonly bytes: number;
  readonly perSecond: Readonly<Record<Direction, number[]>>;
}

/**
 * All cases in fresh processes, `plan.runs` times over. In each round every codec has its turn,
 * each round another one first, so that what disturbs one disturbs all.
 *
 * @param program of codec-child
 * @throws TypeError if the filter leaves nothing
 */
export async function measureCodecs(
  program: string,
  plan: CodecPlan,
  filter: RegExp,
): Promise<CodecMeasured[]> {
  const names = Object.keys(CONTESTANTS);
  const measured = new Map<string, CodecMeasured>();
  const wanted = names.filter((codec) => CASE_NAMES.some((name) => filter.test(`${name}/${codec}`)));
  if (wanted.length === 0) throw new TypeError("no CASE/CODEC matches");
  for (let run = 0; run < plan.runs; run++) {
    const children = new Map<string, AskedProcess>();
    try {
      for (const codec of wanted) {
        const child = new AskedProcess(program, [codec], []);
        children.set(codec, child);
        const bytes = await child.ask<Record<CaseName, number>>({ kind: "prepare", warmUpMs: plan.warmUpMs });
        for (const name of CASE_NAMES) {
          const key = `${name}/${codec}`;
          if (measured.has(key) || !filter.test(key)) continue;
          measured.set(key, { case: name, codec, bytes: bytes[name], perSecond: { encode: [], decode: [] } });
        }
      }
      for (const name of CASE_NAMES) await measureCase(name, children, plan, measured);
    } finally {
      for (const child of children.values()) await child[Symbol.asyncDispose]();
    }
  }
  return [...measured.values()];
}

async function measureCase(
  name: CaseName,
  children: ReadonlyMap<string, AskedProcess>,
  { rounds, roundMs }: CodecPlan,
  measured: ReadonlyMap<string, CodecMeasured>,
): Promise<void> {
  for (const direction of DIRECTIONS) {
    for (let round = 0; round < rounds; round++) {
      for (const [codec, child] of rotated([...children], round)) {
        const request: CodecRequest = { kind: "measure", case: name, direction, roundMs };
        measured.get(`${name}/${codec}`)?.perSecond[direction].push(await child.ask<number>(request));
      }
    }
  }
}
