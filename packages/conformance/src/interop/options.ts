import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

export const USAGE = `usage: npm run -s interop -- [TEXT] [OPTIONS]
  TEXT                  the scenes whose title contains it, in full length: floods of a million payloads
  --only TEXT           the scenes whose title contains TEXT
  --differential        instead: random bytes decoded and encoded again here and by the published codec
  --seed S              decides where links are cut, and what bytes (default: another each time)`;

export interface InteropOptions {
  readonly only: string;
  /** Floods in full length. */
  readonly isFull: boolean;
  readonly seed: number;
  readonly isDifferential: boolean;
}

const SEEDS = 2 ** 32;

/** @throws TypeError or RangeError for arguments that make no sense */
export function readOptions(args: readonly string[]): InteropOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: "string", default: "" },
      seed: { type: "string" },
      differential: { type: "boolean", default: false },
    },
  });
  const seed = Number(values.seed ?? randomInt(SEEDS));
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`--seed ${values.seed} is not a count`);
  const [text] = positionals;
  return {
    only: text ?? values.only,
    isFull: text !== undefined,
    seed,
    isDifferential: values.differential,
  };
}
