import { insideOpaque } from "roam/schema";
import { isNullable, nodeOf, partsOf, type Schema, type Variant } from "roam-postcard";
import { integerValue, isIntegerKind, rangeOf } from "../json/numbers.ts";
import { plausibleRange, plausibleText } from "./plausible-text.ts";
import type { Random } from "./random.ts";

/** Nesting below which lists stay empty, options are none, and the plainest variant is taken. */
const DEEP = 4;

/** What is known where a value is made up. */
export interface MockContext {
  readonly random: Random;
  /** Values by the name of their field, such as the arguments of the call: an id comes back as asked for. */
  readonly known: Readonly<Record<string, unknown>>;
}

/** A value of a schema such as one may meet; the same for the same random numbers. */
export function plausibleValue(schema: Schema, name: string, context: MockContext, depth = 0): unknown {
  const { random, known } = context;
  const inside = (part: Schema, partName: string) => plausibleValue(part, partName, context, depth + 1);
  const node = nodeOf(schema);
  const echo = Object.hasOwn(known, name) ? known[name] : undefined;
  if (isIntegerKind(node.kind)) {
    const isSameForm = typeof echo === typeof integerValue(node, 0n);
    if (isSameForm && fits(node.kind, echo)) return echo;
    return integerValue(node, plausibleInteger(node.kind, name, random));
  }
  switch (node.kind) {
    case "bool":
      return random.next() < 0.5;
    case "f32":
    case "f64": {
      const [least, most] = plausibleRange(name);
      // Quarters are exact in both widths.
      return random.whole(least * 4, Math.min(most, 4_000) * 4) / 4;
    }
    case "string":
      return typeof echo === "string" ? echo : plausibleText(name, random);
    case "char":
      return random.pick([..."abcdefghijklmnopqrstuvwxyz"]);
    case "bytes":
    case "trailing":
      return bytes(random);
    case "unit":
      return undefined;
    case "slice":
    case "list":
      if (node.kind === "slice" && nodeOf(node.item).kind === "u8") return bytes(random);
      return several(depth, random, () => inside(node.item, singular(name)));
    case "set":
      return new Set(several(depth, random, () => inside(node.item, singular(name))));
    case "array":
      return Array.from({ length: node.length }, () => inside(node.item, singular(name)));
    case "map":
      return new Map(
        several(depth, random, () => [inside(node.key, "key"), inside(node.value, singular(name))]) as [],
      );
    case "option": {
      if (depth >= DEEP || random.next() < 0.2) return null;
      const value = inside(node.item, name);
      return isNullable(node.item) ? { some: value } : value;
    }
    case "tuple":
      return node.items.map((item) => inside(item, name));
    case "newtype":
      return inside(node.inner, name);
    case "struct":
      return Object.fromEntries(node.fields.map((field) => [field.name, inside(field.schema, field.name)]));
    case "enum":
      return plausibleVariant(node, depth, context);
    case "result":
      return { ok: inside(node.ok, name) };
    default: {
      const inner = insideOpaque(node);
      if (inner === undefined) throw new TypeError("a channel cannot be made up");
      return inside(inner, name);
    }
  }
}

function fits(kind: string, echo: unknown): boolean {
  if (typeof echo === "number" && !Number.isInteger(echo)) return false;
  const whole = BigInt(echo as number | bigint);
  const [least, most] = rangeOf(kind);
  return whole >= least && whole <= most;
}

function plausibleInteger(kind: string, name: string, random: Random): bigint {
  const [least, most] = plausibleRange(name);
  const [, highest] = rangeOf(kind);
  const top = highest < BigInt(most) ? Number(highest) : most;
  return BigInt(random.whole(Math.min(least, top), top));
}

function several<T>(depth: number, random: Random, make: () => T): T[] {
  return Array.from({ length: depth >= DEEP ? 0 : random.whole(1, 3) }, make);
}

function bytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.whole(1, 8) }, () => random.whole(0, 255));
}

function singular(name: string): string {
  return name.replace(/ies$/, "y").replace(/s$/, "");
}

function plausibleVariant(
  { tagProperty, variants }: { readonly tagProperty: string; readonly variants: readonly Variant[] },
  depth: number,
  context: MockContext,
): unknown {
  const inside = (part: Schema, name: string) => plausibleValue(part, name, context, depth + 1);
  const variant =
    depth < DEEP
      ? context.random.pick(variants)
      : variants.reduce((least, other) => (heightOf(other) < heightOf(least) ? other : least));
  const name = variant.name;
  if (variants.every(({ kind }) => kind === "unit")) return name;
  switch (variant.kind) {
    case "unit":
      return { [tagProperty]: name };
    case "newtype":
      return { [tagProperty]: name, value: inside(variant.item, name) };
    case "tuple":
      return { [tagProperty]: name, value: variant.items.map((item) => inside(item, name)) };
    case "struct":
      return {
        [tagProperty]: name,
        ...Object.fromEntries(variant.fields.map((field) => [field.name, inside(field.schema, field.name)])),
      };
  }
}

/** Levels that a value of the variant has at least; endless if it always contains itself. */
function heightOf(variant: Variant): number {
  switch (variant.kind) {
    case "unit":
      return 0;
    case "newtype":
      return leastHeight(variant.item);
    case "tuple":
      return Math.max(0, ...variant.items.map((item) => leastHeight(item)));
    case "struct":
      return Math.max(0, ...variant.fields.map(({ schema }) => leastHeight(schema)));
  }
}

function leastHeight(schema: Schema, open: ReadonlySet<object> = new Set()): number {
  const node = nodeOf(schema);
  if (open.has(node)) return Number.POSITIVE_INFINITY;
  const inside = new Set(open).add(node);
  switch (node.kind) {
    case "option":
    case "list":
    case "slice":
    case "set":
    case "map":
      return 1;
    case "enum":
      return 1 + Math.min(...node.variants.map((variant) => variantHeight(variant, inside)));
    default:
      return 1 + Math.max(0, ...partsOf(node as Schema).map((part) => leastHeight(part, inside)));
  }
}

function variantHeight(variant: Variant, open: ReadonlySet<object>): number {
  const parts =
    variant.kind === "unit"
      ? []
      : variant.kind === "newtype"
        ? [variant.item]
        : variant.kind === "tuple"
          ? variant.items
          : variant.fields.map(({ schema }) => schema);
  return Math.max(0, ...parts.map((part) => leastHeight(part, open)));
}
