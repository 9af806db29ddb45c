import { channel } from "roam";
import type { TreeNode } from "../probe.ts";
import { type Case, collect, gives, refuses } from "./case.ts";
import type { ProbeClient } from "./services.ts";

const MIB = 1 << 20;

/** Every method of Probe, each with several inputs. */
export function probeCases(probe: ProbeClient): Case[] {
  return [...values(probe), ...handlers(probe), ...channels(probe)];
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i ^ (i >> 8)) & 0xff);
}

const SMALLEST = {
  a: 0,
  b: 0,
  c: 0,
  d: 0n,
  e: 0n,
  f: -128,
  g: -(2 ** 15),
  h: -(2 ** 31),
  i: -(2n ** 63n),
  j: -(2n ** 127n),
  k: -3.4028234663852886e38,
  l: -Number.MAX_VALUE,
  m: false,
  n: "\0",
};
const LARGEST = {
  a: 255,
  b: 0xffff,
  c: 0xffff_ffff,
  d: 2n ** 64n - 1n,
  e: 2n ** 128n - 1n,
  f: 127,
  g: 2 ** 15 - 1,
  h: 2 ** 31 - 1,
  i: 2n ** 63n - 1n,
  j: 2n ** 127n - 1n,
  k: 3.4028234663852886e38,
  l: Number.MAX_VALUE,
  m: true,
  n: "\u{10ffff}",
};
/** The floats that comparisons get wrong, and -1 where zigzag turns. */
const ODD = {
  a: 128,
  b: 128,
  c: 2 ** 28,
  d: 2n ** 63n,
  e: 2n ** 127n,
  f: -1,
  g: -1,
  h: -1,
  i: -1n,
  j: -1n,
  k: -0,
  l: Number.NaN,
  m: true,
  n: "é",
};

function bag(opt: { some: number | null } | null) {
  return {
    list: ["", "日本"],
    map: new Map([
      ["b", 2],
      ["a", 0xffff_ffff],
    ]),
    set: new Set([300, 1, 20]),
    opt,
    tuple: [255, "pair"] as [number, string],
    arr: [0, 256, 65535],
    bytes: Uint8Array.of(0, 255, 127),
    unit: undefined,
  };
}

function values(probe: ProbeClient): Case[] {
  const leaf: TreeNode = { value: 1, children: [] };
  let deep = leaf;
  for (let value = 0; value < 30; value++) deep = { value, children: [deep] };
  const trees = [
    { name: "of one", node: leaf, count: 1 },
    {
      name: "wide",
      node: { value: 0xffff_ffff, children: Array.from({ length: 9 }, () => leaf) },
      count: 10,
    },
    { name: "deep", node: deep, count: 31 },
  ];
  return [
    ...[0, 256, 100_000, MIB].map((length) =>
      gives(`echo_bytes ${length}`, () => probe.echo_bytes({ data: bytes(length) }), bytes(length)),
    ),
    gives("numbers smallest", () => probe.numbers({ wide: SMALLEST }), SMALLEST),
    gives("numbers largest", () => probe.numbers({ wide: LARGEST }), LARGEST),
    gives("numbers odd", () => probe.numbers({ wide: ODD }), ODD),
    gives("collections none", () => probe.collections({ bag: bag(null) }), bag(null)),
    gives(
      "collections some none",
      () => probe.collections({ bag: bag({ some: null }) }),
      bag({ some: null }),
    ),
    gives("collections some some", () => probe.collections({ bag: bag({ some: 0 }) }), bag({ some: 0 })),
    ...trees.map(({ name, node, count }) => gives(`tree ${name}`, () => probe.tree({ node }), count)),
  ];
}

function handlers(probe: ProbeClient): Case[] {
  return [
    gives("sleep", () => probe.sleep({ millis: 20 }), 20),
    gives("a short call overtakes a long one", async () => {
      const long = probe.sleep({ millis: 300 });
      const short = probe.sleep({ millis: 1 });
      return [await Promise.race([long, short]), await long];
    }, [1, 300]),
    refuses("fail is answered with Cancelled", () => probe.fail(), "cancelled"),
    gives("calls go on after fail", () => probe.sleep({ millis: 0 }), 0),
  ];
}

function channels(probe: ProbeClient): Case[] {
  const to = (length: number) => Array.from({ length }, (_, i) => i);
  return [
    // Beyond 2^53, where a float would lose digits.
    ...[1n, 2n ** 53n + 1n].map((from) =>
      gives(`count_up from ${from}`, async () => {
        const call = probe.count_up({ from });
        return [await collect(call.out), await call];
      }, [to(20).map((i) => from + BigInt(i)), 20n]),
    ),
    refuses("count_up from 0 fails", () => probe.count_up({ from: 0n }), "user", {
      tag: "TooSmall",
      least: 1n,
    }),
    gives("optional with input", async () => {
      const [tx, input] = channel<number>();
      const call = probe.optional({ input });
      const fed = (async () => {
        for (const item of to(30)) await tx.send(item);
        await tx.close();
      })();
      const items = await collect(call.output);
      await fed;
      return [items, await call];
    }, [to(30).map((i) => 2 * i), 30]),
    gives("optional without input", async () => {
      const call = probe.optional({ input: null });
      return [await collect(call.output), await call];
    }, [[], 0]),
    gives("windowed", async () => {
      const call = probe.windowed();
      return [await collect(call.out), await call];
    }, [to(50), 50]),
  ];
}
