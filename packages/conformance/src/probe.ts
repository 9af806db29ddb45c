import { setTimeout as delay } from "node:timers/promises";
import { fail, type HandlersOf, type Infer, method, type Schema, service, t } from "roam";

/** Every number, a bool and a char. */
export const Wide = t.struct("Wide", {
  a: t.u8,
  b: t.u16,
  c: t.u32,
  d: t.u64,
  e: t.u128,
  f: t.i8,
  g: t.i16,
  h: t.i32,
  i: t.i64,
  j: t.i128,
  k: t.f32,
  l: t.f64,
  m: t.bool,
  n: t.char,
});
/** Every container. */
export const Bag = t.struct("Bag", {
  list: t.list(t.string),
  map: t.map(t.string, t.u32),
  set: t.set(t.u32),
  opt: t.option(t.option(t.u8)),
  tuple: t.tuple([t.u8, t.string]),
  arr: t.array(t.u16, 3),
  bytes: t.bytes,
  unit: t.unit,
});
export interface TreeNode {
  value: number;
  children: TreeNode[];
}
export const Node: Schema<TreeNode> = t.struct("Node", {
  value: t.u32,
  children: t.list(t.lazy(() => Node)),
});
export const ProbeError = t.enum("ProbeError", { TooSmall: { least: t.u64 }, Other: t.string });

/** What Testbed leaves out; served on virtual connections. The Rust peer has the same service. */
export const Probe = service("Probe", {
  echo_bytes: method({ data: t.bytes }, t.bytes),
  sleep: method({ millis: t.u32 }, t.u32),
  fail: method({}, t.u32),
  numbers: method({ wide: Wide }, Wide),
  collections: method({ bag: Bag }, Bag),
  tree: method({ node: Node }, t.u32),
  count_up: method({ from: t.u64, out: t.tx(t.u64) }, t.u64, ProbeError),
  optional: method({ input: t.option(t.rx(t.u32)), output: t.tx(t.u32) }, t.u32),
  windowed: method({ out: t.tx(t.u32, 4) }, t.u32),
});

/** What `Probe.fail` throws: it must never reach the caller. */
export class ProbeFailure extends Error {
  override readonly name: string = "ProbeFailure";
}

const COUNTED = 20n;
const U64_MAX = 2n ** 64n - 1n;
const WINDOWED = 50;

export const probeHandlers: HandlersOf<typeof Probe> = {
  echo_bytes: ({ data }) => data,
  sleep: ({ millis }, { signal }) => delay(millis, millis, { signal }),
  fail() {
    throw new ProbeFailure("Probe.fail was called");
  },
  numbers: ({ wide }) => wide,
  collections: ({ bag }) => bag,
  tree: ({ node }) => countNodes(node),
  async count_up({ from, out }) {
    if (from === 0n) fail({ tag: "TooSmall", least: 1n } satisfies Infer<typeof ProbeError>);
    const end = from + COUNTED > U64_MAX ? U64_MAX : from + COUNTED;
    for (let number = from; number < end; number++) await out.send(number);
    await out.close();
    return COUNTED;
  },
  async optional({ input, output }) {
    let received = 0;
    if (input !== null) {
      for await (const number of input) {
        received++;
        await output.send((number * 2) >>> 0);
      }
    }
    await output.close();
    return received;
  },
  async windowed({ out }) {
    for (let number = 0; number < WINDOWED; number++) await out.send(number);
    await out.close();
    return WINDOWED;
  },
};

function countNodes(node: TreeNode): number {
  return node.children.reduce((count, child) => count + countNodes(child), 1);
}
