import type { Side } from "./simulation/fault-plan.ts";

/**
 * What a cut looks like from both ends. `reset`: an error (RST; Unix sockets have none and just
 * end, and Node takes one right behind bytes for an end). `close`: an orderly end (FIN).
 * `vanish`: nothing; the sockets stay open and swallow what is sent, each until its far side
 * ends it.
 */
export type CutHow = "reset" | "close" | "vanish";

/**
 * Something that goes wrong, as plain data. `from` is the side that sends the bytes in question;
 * without it both directions are meant. Without an end a fault stays until it is lifted.
 */
export type ProxyFault =
  /** All live connections are cut now, by a reset unless `how` says otherwise. */
  | { readonly kind: "cut"; readonly how?: CutHow }
  /** Each later connection is cut when so many bytes have passed, or a random number, from, to. */
  | {
      readonly kind: "cut-after";
      /** Left out, it is lifted. */
      readonly bytes?: number | readonly [number, number];
      readonly from?: Side;
      readonly how?: CutHow;
    }
  /** Nothing passes, as if the reader did not read. For 0 ms: lifted. */
  | { readonly kind: "stall"; readonly forMs?: number; readonly from?: Side }
  /** What comes from now on takes so much longer, in order. 0 ms: lifted. */
  | { readonly kind: "delay"; readonly ms: number; readonly jitterMs?: number; readonly from?: Side }
  /** A slow reader: no connection takes more than that. Left out, it is lifted. */
  | { readonly kind: "limit"; readonly bytesPerSecond?: number; readonly from?: Side }
  /** New connections are reset at once. For 0 ms: lifted. */
  | { readonly kind: "refuse"; readonly forMs?: number };

/**
 * A fault and its moment, counted from the start of the plan: a time, or the bytes passed on all
 * connections together. Not one byte more passes before the fault is there.
 */
export type ProxyStep =
  | { readonly atMs: number; readonly fault: ProxyFault }
  | { readonly atBytes: number; readonly from?: Side; readonly fault: ProxyFault };

/** @throws RangeError for an amount in a fault or a plan that is none */
export function checkAmounts(data: object): void {
  for (const [name, value] of Object.entries(data)) {
    if (typeof value === "object" && value !== null) checkAmounts(value);
    const isRate = name === "bytesPerSecond";
    const isAmount = Number.isFinite(value) && value >= 0 && !(isRate && value === 0);
    if (typeof value === "number" && !isAmount) throw new RangeError(`${name}: ${value}`);
  }
}
