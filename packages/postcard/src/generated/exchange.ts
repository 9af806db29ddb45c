import type { OpenCodec } from "../codec.ts";

/** Puts a function in a codec's place that makes way for a better one. */
export function exchange<K extends "encode" | "decode" | "toBytes" | "fromBytes">(
  codec: OpenCodec,
  name: K,
  afterUses: number,
  make: () => OpenCodec[K] | undefined,
): void {
  type Work = (...args: unknown[]) => unknown;
  const slow = codec[name] as Work;
  let uses = 0;
  let fast: Work | undefined;
  const own = codec as Record<K, unknown>;
  own[name] = (first: unknown, second: unknown) => {
    if (fast !== undefined) return fast(first, second);
    if (uses++ < afterUses) return slow(first, second);
    fast = (make() as Work | undefined) ?? slow;
    own[name] = fast;
    return fast(first, second);
  };
}
