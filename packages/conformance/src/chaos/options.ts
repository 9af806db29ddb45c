import { parseArgs } from "node:util";

export const USAGE = `usage: npm run -s chaos -- [OPTIONS]
  --cuts N              links cut, on all transports together (default 1000)
  --seed S              decides where and how they are cut, and what is sent (default: another each time)
  --transport tcp|ws    that one only
  --quick               200 cuts`;

export const TRANSPORTS = ["tcp", "ws"] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface ChaosOptions {
  readonly cuts: number;
  readonly seed: number;
  readonly transports: readonly Transport[];
}

const QUICK_CUTS = 200;
const SEEDS = 2 ** 32;

/** @throws TypeError or RangeError for arguments that make no sense */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cuts: { type: "string" },
      seed: { type: "string" },
      transport: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const transports = TRANSPORTS.filter((name) => name === (values.transport ?? name));
  if (transports.length === 0) throw new TypeError(`--transport ${values.transport}: no such transport`);
  return {
    cuts: count("cuts", values.cuts ?? (values.quick ? QUICK_CUTS : 1000)),
    seed: count("seed", values.seed ?? Math.floor(Math.random() * SEEDS)),
    transports,
  };
}

function count(name: string, text: string | number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} ${text} is not a count`);
  return value;
}
