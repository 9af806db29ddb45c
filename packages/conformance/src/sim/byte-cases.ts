import { CALM, type Fault, type FaultPlan, type LinkBytes, type Side } from "roam/testing";
import type { Campaign } from "./campaign.ts";
import type { SimOptions } from "./options.ts";

type Cut = Extract<Fault, { kind: "cut" }>;

/** How an end of a link can look, beside a plain one that both sides see. */
const STYLES: readonly Partial<Cut>[] = [
  { isOrderly: true },
  { seenBy: "client" },
  { seenBy: "server" },
  { seenBy: "nobody", toldAfterMs: 500 },
];
/** Ways in which each single cut is tried. */
export const WAYS = STYLES.length + 1;
/** Bytes of a hello with its length; of all second cuts, those inside are tried with each first one. */
const HELLO_BYTES = 29;
/** Of the other second cuts, each first one tries its own among so many. */
export const STRIDE = 8;

/** A session that is cut at every byte of its first link; and each of those at bytes of its second. */
export function* byteCases({ jobs, allPairs }: SimOptions, part: number): Campaign {
  const whole = yield { seed: 0, plan: CALM };
  const [link] = whole.linkBytes;
  if (link === undefined || whole.failure !== undefined) return;
  for (const [index, { from, byte }] of places(link).entries()) {
    if (index % jobs !== part) continue;
    for (const style of STYLES) yield { seed: 0, plan: cutAt({ ...cut(0, from, byte), ...style }) };
    const first = cut(0, from, byte);
    const once = yield { seed: 0, plan: cutAt(first) };
    const second = once.linkBytes[1];
    if (second === undefined) continue;
    for (const [place, next] of places(second).entries()) {
      const isChosen = allPairs || next.byte <= HELLO_BYTES || place % STRIDE === index % STRIDE;
      if (isChosen) yield { seed: 0, plan: cutAt(first, cut(1, next.from, next.byte)) };
    }
  }
}

/** Every offset of both directions: before each byte, and behind the last one. */
function places(link: LinkBytes): { readonly from: Side; readonly byte: number }[] {
  return (["client", "server"] as const).flatMap((from) =>
    Array.from({ length: link[from] + 1 }, (_, byte) => ({ from, byte })),
  );
}

function cut(link: number, from: Side, byte: number): Cut {
  return { kind: "cut", link, from, byte, seenBy: "both" };
}

function cutAt(...faults: readonly Cut[]): FaultPlan {
  return { ...CALM, faults };
}
