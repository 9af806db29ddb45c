import { useMemo, useSyncExternalStore } from "react";
import { type ChannelOptions, type ChannelSnapshot, ChannelStore } from "./channel-store.ts";

/** What came, and what can be done about it. */
export type ChannelView<T> = ChannelSnapshot<T> & {
  /** Nothing is read until `resume`; the sender stops when its credit is used up. */
  pause(): void;
  resume(): void;
};

/**
 * Reads a channel for as long as the component is there, and gives it up when it is not.
 *
 * @param open makes the call and gives the channel; once, until one of `deps` is another
 * @example const { items } = useChannel((signal) => clock.ticks({ every_ms: 250 }, { signal }).out, [clock]);
 */
export function useChannel<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  deps: readonly unknown[],
  options: ChannelOptions = {},
): ChannelView<T> {
  const { keep } = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever calls says what it depends on
  const store = useMemo(() => new ChannelStore(open, keep === undefined ? {} : { keep }), [...deps, keep]);
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  return { ...snapshot, pause: store.pause, resume: store.resume };
}
