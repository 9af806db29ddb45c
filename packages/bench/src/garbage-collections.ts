import { PerformanceObserver } from "node:perf_hooks";

/** @returns a function that says how often the collector has run in this process since */
export function countGarbageCollections(): () => number {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  return () => {
    count += observer.takeRecords().length;
    return count;
  };
}
