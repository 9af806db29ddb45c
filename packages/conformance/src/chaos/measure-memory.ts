import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What the process holds, garbage aside (bytes). */
export interface Memory {
  /** Objects, and the buffers they refer to. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export function measureMemory(): Memory {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}
