import type { Case } from "./cases.ts";
import type { Contender } from "./contender.ts";
import type { Matrix } from "./rounds.ts";

/** The cases and contenders whose CASE/CONTENDER the filter matches, with the raw lanes of these. */
export function matrixOf(cases: readonly Case[], contenders: readonly Contender[], filter: RegExp): Matrix {
  const matrix = new Map<Case, readonly Contender[]>();
  for (const test of cases) {
    const able = contenders.filter((contender) => contender.cases?.test(test.name) !== false);
    const wanted = able.filter(({ name }) => filter.test(`${test.name}/${name}`));
    const raws = new Set(wanted.flatMap(({ raw }) => (raw === undefined ? [] : [raw, `${raw}-credit`])));
    const all = able.filter((contender) => wanted.includes(contender) || raws.has(contender.name));
    if (all.length > 0) matrix.set(test, all);
  }
  return matrix;
}
