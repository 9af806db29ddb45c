// One codec in a process of its own. It has worked on all cases before one is measured, as a
// program has with its many types: an engine that has seen one type only gives other figures.
import assert from "node:assert/strict";
import { answerParent } from "./asked-process.ts";
import { CASE_NAMES, type CaseName, type CaseValues, caseValues } from "./codec/codec-cases.ts";
import type { Coding, Contestant } from "./codec/contestant.ts";
import { CONTESTANTS } from "./codec/contestants.ts";

export type Direction = "encode" | "decode";

export type CodecRequest =
  /** Checks the codec on all cases and warms it up. @returns Record<CaseName, number> encoded sizes (bytes) */
  | { readonly kind: "prepare"; readonly warmUpMs: number }
  /** @returns operations per second of CPU time */
  | {
      readonly kind: "measure";
      readonly case: CaseName;
      readonly direction: Direction;
      readonly roundMs: number;
    };

interface Prepared {
  readonly bytes: number;
  readonly work: Readonly<Record<Direction, () => unknown>>;
}

const load = CONTESTANTS[process.argv[2] ?? ""];
if (load === undefined) throw new TypeError(`no codec ${process.argv[2]}`);
const { contestant } = await load();
const values = caseValues();
const prepared = new Map<CaseName, Prepared>();

/** Kept, so that no work can be left out as useless. */
let last: unknown;

/** What this process has used, its collector's threads included (ms): steadier than a clock beside others' work. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @returns operations per second of CPU time */
function measure(work: () => unknown, durationMs: number): number {
  const begin = cpuMs();
  let done = 0;
  let batch = 1;
  let now = begin;
  while (now - begin < durationMs) {
    for (let index = 0; index < batch; index++) last = work();
    done += batch;
    const before = now;
    now = cpuMs();
    // Long enough that looking at the time costs nothing.
    if (now - before < 0.5) batch *= 2;
  }
  assert.notEqual(last, undefined);
  return (done * 1000) / (now - begin);
}

/** @throws AssertionError unless the value comes back, and each encoding has bytes of its own */
function prepare<K extends CaseName>(name: K, { [name]: start }: Contestant, value: CaseValues[K]): Prepared {
  const { encode, decode, plain }: Coding = start(value);
  const first = encode();
  const copy = first.slice();
  const second = encode();
  assert.deepEqual(first, second, `${name}: other bytes the second time`);
  second.fill(0);
  assert.deepEqual(first, copy, `${name}: the bytes are used again`);
  assert.deepEqual(plain(decode(first)), value, `${name}: another value comes back`);
  return { bytes: first.length, work: { encode, decode: () => decode(first) } };
}

function prepareAll(warmUpMs: number): Record<string, number> {
  for (const name of CASE_NAMES) prepared.set(name, prepare(name, contestant, values[name]));
  for (const { work } of prepared.values()) {
    measure(work.encode, warmUpMs);
    measure(work.decode, warmUpMs);
  }
  return Object.fromEntries([...prepared].map(([name, { bytes }]) => [name, bytes]));
}

answerParent(async (request: CodecRequest) => {
  if (request.kind === "prepare") return prepareAll(request.warmUpMs);
  const { work } = prepared.get(request.case) as Prepared;
  return measure(work[request.direction], request.roundMs);
});
