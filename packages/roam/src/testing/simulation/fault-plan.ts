/** The two ends of a simulated link: who dialled, and who listens. */
export type Side = "client" | "server";

/** Who learns that a link was cut. Nobody: it is half open, and swallows bytes both ways. */
export type SeenBy = "both" | Side | "nobody";

/**
 * Something that goes wrong, as plain data. Links count from 0 in the order in which they are
 * dialled; bytes count from 0 in the direction that comes `from` a side, length prefixes and
 * handshakes included. A fault whose moment never comes does nothing.
 */
export type Fault =
  /** The link is cut when `byte` bytes have arrived, and not one more. */
  | {
      readonly kind: "cut";
      readonly link: number;
      readonly from: Side;
      readonly byte: number;
      readonly seenBy: SeenBy;
      /** Those who see it see an orderly end, as of a proxy that is stopped. */
      readonly isOrderly?: boolean;
      /** Those who do not see it are told so much later, as by a kernel that gives up. */
      readonly toldAfterMs?: number;
    }
  /** All links of that moment are cut, both ends at once. */
  | { readonly kind: "cut-all"; readonly atMs: number }
  /** When `byte` bytes have arrived the next ones take `ms` longer; what is behind them too. */
  | {
      readonly kind: "stall";
      readonly link: number;
      readonly from: Side;
      readonly byte: number;
      readonly ms: number;
    }
  /** Everything takes `ms` longer. */
  | { readonly kind: "delay"; readonly link: number; readonly from: Side; readonly ms: number }
  /** The reader takes no more than that. */
  | { readonly kind: "slow"; readonly link: number; readonly from: Side; readonly bytesPerMs: number }
  /**
   * A second link presents the same first payload, as after a dial that was given up, `aheadMs`
   * before the real one comes (or behind it, if negative), and is closed `openMs` later.
   */
  | { readonly kind: "twin"; readonly link: number; readonly aheadMs: number; readonly openMs: number }
  /** Nobody can dial for a while. Silent: there is no answer at all. */
  | { readonly kind: "refuse"; readonly atMs: number; readonly forMs: number; readonly isSilent?: boolean }
  /** The server loses everything it knows and is back after a while. */
  | { readonly kind: "restart"; readonly atMs: number; readonly downMs: number };

/** A network and what goes wrong in it. Plain data: it can be kept as JSON and run again. */
export interface FaultPlan {
  /** What bytes take from each side to the other, at least (ms). */
  readonly latencyMs: { readonly client: number; readonly server: number };
  /** What they may take beyond that (ms). */
  readonly jitterMs: number;
  /** Sizes of the chunks in which they arrive: from, to (bytes). */
  readonly chunkBytes: readonly [number, number];
  /** What the network takes from a writer whose reader does not read (bytes). */
  readonly windowBytes: number;
  readonly faults: readonly Fault[];
}

/** A network without faults, and as good as without a distance. */
export const CALM: FaultPlan = Object.freeze({
  latencyMs: { client: 1, server: 1 },
  jitterMs: 0,
  chunkBytes: [65_536, 65_536] as const,
  windowBytes: 262_144,
  faults: [],
});

/** A fault plan that cannot be followed. */
export function checkPlan({ latencyMs, jitterMs, chunkBytes, windowBytes, faults }: FaultPlan): void {
  const [least, most] = chunkBytes;
  if (!(least >= 1 && most >= least)) throw new RangeError(`chunkBytes: ${least} to ${most}`);
  if (!(windowBytes >= 1)) throw new RangeError(`windowBytes: ${windowBytes}`);
  for (const ms of [latencyMs.client, latencyMs.server, jitterMs]) checkCount("latency", ms);
  for (const fault of faults) {
    for (const [name, value] of Object.entries(fault)) {
      if (typeof value === "number" && name !== "aheadMs") checkCount(`${fault.kind}.${name}`, value);
    }
    if (fault.kind === "slow" && fault.bytesPerMs === 0) throw new RangeError("slow.bytesPerMs: 0");
  }
}

function checkCount(what: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${what}: ${value}`);
}
