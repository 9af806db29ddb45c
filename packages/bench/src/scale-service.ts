import { implement, method, service, t } from "roam";

/** What the scale benchmark needs of a service. */
export const Scale = service("Scale", {
  next: method({ value: t.u32 }, t.u32),
  /** Answers when `release` is called. */
  wait: method({}),
  release: method({}, t.u32),
  /** Counts what it is sent. */
  collect: method({ items: t.rx(t.u32, 256) }, t.u32),
});

/** Far above what is measured, on both sides. */
export const SCALE_LIMITS = {
  maxConcurrentRequests: 300_000,
  maxQueuedCalls: 300_000,
  maxQueuedControls: 1_000_000,
  maxChannelsPerConnection: 30_000,
};

export function scaleHandler() {
  let waiting: (() => void)[] = [];
  return implement(Scale, {
    next: ({ value }) => value + 1,
    wait: () => new Promise<void>((resolve) => waiting.push(resolve)),
    release() {
      const released = waiting;
      waiting = [];
      for (const resolve of released) resolve();
      return released.length;
    },
    async collect({ items }) {
      let count = 0;
      for await (const _item of items) count++;
      return count;
    },
  });
}
