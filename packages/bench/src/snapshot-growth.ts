import { HeapSnapshot } from "./heap-snapshot.ts";
import { retainedSizes } from "./retained-sizes.ts";

interface Sum {
  count: number;
  bytes: number;
  retained: number;
}

const SHOWN = 45;
/** Kinds of nodes that have a name of the program's own. */
const NAMED = new Set(["object", "native", "closure"]);

/** Nodes by what they are: constructor or function, or kind where there is none. */
function byName(path: string): Map<string, Sum> {
  const heap = new HeapSnapshot(path);
  const retained = retainedSizes(heap);
  const sums = new Map<string, Sum>();
  for (let node = 0; node < heap.nodeCount; node++) {
    const type = heap.typeOf(node);
    const key = NAMED.has(type) ? `${type} ${heap.nameOf(node).slice(0, 50)}` : `(${type})`;
    const sum = sums.get(key) ?? { count: 0, bytes: 0, retained: 0 };
    sum.count++;
    sum.bytes += heap.sizeOf(node);
    sum.retained += retained[node] as number;
    sums.set(key, sum);
  }
  return sums;
}

/**
 * Prints what has grown between two snapshots, for each of `count`: the bytes of such objects
 * themselves, and the bytes that would go with one of them.
 */
export function printGrowth(before: string, after: string, count: number): void {
  const old = byName(before);
  const grown = [...byName(after)].map(([name, now]) => {
    const { count: objects = 0, bytes = 0 } = old.get(name) ?? {};
    return {
      name,
      objects: (now.count - objects) / count,
      bytes: (now.bytes - bytes) / count,
      retained: now.retained / now.count,
    };
  });
  const line = (...[bytes, objects, retained, name]: string[]) =>
    `${bytes?.padStart(8)} ${objects?.padStart(8)} ${retained?.padStart(14)}  ${name}`;
  console.log(line("bytes", "objects", "with one go", ""));
  // An object that there is one of keeps others alive; the list is by what matters more.
  const weight = ({ bytes, objects, retained }: (typeof grown)[number]) =>
    objects > 0.9 ? Math.max(bytes, objects < 1.5 ? retained : 0) : bytes;
  for (const row of grown.toSorted((a, b) => weight(b) - weight(a)).slice(0, SHOWN)) {
    const { name, objects, bytes, retained } = row;
    console.log(line(bytes.toFixed(0), objects.toFixed(2), retained.toFixed(0), name));
  }
  console.log(
    `${grown
      .reduce((sum, { bytes }) => sum + bytes, 0)
      .toFixed(0)
      .padStart(8)} in all`,
  );
}
