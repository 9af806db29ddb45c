import type { HeapSnapshot } from "./heap-snapshot.ts";

/**
 * For each node the bytes that would be free without it: its own and those of all that is reached
 * through it only. By the nearest dominator of each node, found by iteration in reverse
 * postorder (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm").
 */
export function retainedSizes(heap: HeapSnapshot): Float64Array {
  const postorder = postorderOf(heap);
  const place = new Int32Array(heap.nodeCount).fill(-1);
  for (const [index, node] of postorder.entries()) place[node] = index;
  const dominators = dominatorsOf(heap, postorder, place);
  const retained = new Float64Array(heap.nodeCount);
  // A node stands behind all that it dominates.
  for (const node of postorder) {
    retained[node] = (retained[node] as number) + heap.sizeOf(node);
    const above = dominators[node] as number;
    if (node !== 0) retained[above] = (retained[above] as number) + (retained[node] as number);
  }
  return retained;
}

/** All nodes that the root reaches, each behind those that it leads to first. */
function postorderOf(heap: HeapSnapshot): number[] {
  const isSeen = new Uint8Array(heap.nodeCount);
  const order: number[] = [];
  const path = [{ node: 0, held: heap.heldBy(0) }];
  isSeen[0] = 1;
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const { done, value } = top.held.next();
    if (done) {
      order.push(top.node);
      path.pop();
    } else if (isSeen[value] === 0) {
      isSeen[value] = 1;
      path.push({ node: value, held: heap.heldBy(value) });
    }
  }
  return order;
}

function holdersOf(heap: HeapSnapshot, postorder: readonly number[]): number[][] {
  const holders: number[][] = Array.from({ length: heap.nodeCount }, () => []);
  for (const node of postorder) for (const held of heap.heldBy(node)) holders[held]?.push(node);
  return holders;
}

function dominatorsOf(heap: HeapSnapshot, postorder: readonly number[], place: Int32Array): Int32Array {
  const holders = holdersOf(heap, postorder);
  const dominators = new Int32Array(heap.nodeCount).fill(-1);
  dominators[0] = 0;
  const above = (node: number) => dominators[node] as number;
  const placeOf = (node: number) => place[node] as number;
  const common = (one: number, other: number) => {
    let [a, b] = [one, other];
    while (a !== b) {
      while (placeOf(a) < placeOf(b)) a = above(a);
      while (placeOf(b) < placeOf(a)) b = above(b);
    }
    return a;
  };
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (let index = postorder.length - 2; index >= 0; index--) {
      const node = postorder[index] as number;
      const known = (holders[node] ?? []).filter((holder) => above(holder) !== -1);
      const nearest = known.reduce(common);
      if (nearest === above(node)) continue;
      dominators[node] = nearest;
      hasChanged = true;
    }
  }
  return dominators;
}
