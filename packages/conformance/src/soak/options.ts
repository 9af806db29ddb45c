import { parseArgs } from "node:util";

export const USAGE = `usage: npm run -s soak -- [OPTIONS]
  --gib N           what goes one way in each scene (default 1; any fraction)
  --rust-gib N      the same where the Rust peer takes part (default: --gib, but at most 1)
  --budget-mib N    replay buffer of the sender (default 1)
  --item-kib N      size of an item (default 64)
  --peer ours|rust|both   who is at the other end (default both; ours alone needs no cargo)
  --quick           a quarter of a GiB each: an impression in a few seconds`;

export interface SoakOptions {
  readonly bytes: number;
  readonly rustBytes: number;
  readonly budgetBytes: number;
  readonly itemBytes: number;
  readonly peer: "ours" | "rust" | "both";
}

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = KIB * MIB;
const QUICK_GIB = 0.25;

/** @throws TypeError or RangeError for arguments that make no sense */
export function readOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      gib: { type: "string" },
      "rust-gib": { type: "string" },
      "budget-mib": { type: "string", default: "1" },
      "item-kib": { type: "string", default: "64" },
      peer: { type: "string", default: "both" },
      quick: { type: "boolean", default: false },
    },
  });
  const { peer } = values;
  if (peer !== "ours" && peer !== "rust" && peer !== "both")
    throw new TypeError(`--peer ${peer}: no such peer`);
  const gib = amount("gib", values.gib ?? (values.quick ? QUICK_GIB : 1));
  return {
    bytes: gib * GIB,
    rustBytes: amount("rust-gib", values["rust-gib"] ?? Math.min(gib, 1)) * GIB,
    budgetBytes: Math.floor(amount("budget-mib", values["budget-mib"]) * MIB),
    itemBytes: Math.floor(amount("item-kib", values["item-kib"]) * KIB),
    peer,
  };
}

function amount(name: string, text: string | number): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`--${name} ${text} is not an amount`);
  return value;
}
