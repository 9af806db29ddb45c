import { isNullable, nodeOf, partsOf, type Schema, type SchemaNode, type Variant } from "roam-postcard";
import { asChannel, type ChannelNode } from "./channel-schema.ts";

/** One place in a type where a channel may stand. */
export interface ChannelPlace extends ChannelNode {
  /** `input`, `job.progress`, `source.Live`. */
  readonly path: string;
}

/** Called with each channel present in a value, in declaration order. */
export type VisitChannel = (channel: ChannelNode, handle: unknown) => void;
type Walk = (value: unknown, visit: VisitChannel) => void;

/** Steps of one search: a short description of types may make any number of places. */
const MOST_STEPS = 10_000;

const plans = new WeakMap<Schema, readonly ChannelPlace[]>();
const walks = new WeakMap<Schema, { readonly walk: Walk | undefined }>();

/**
 * The places of the channels in a type, in declaration order; computed once per schema.
 *
 * @throws TypeError if a channel stands inside a collection, or there are too many places to look at
 */
// r[impl conduit.x.rpc-plan]
export function channelPlan(schema: Schema): readonly ChannelPlace[] {
  let plan = plans.get(schema);
  if (plan === undefined) {
    const places: ChannelPlace[] = [];
    collect(schema, "", places, { types: new Set(), isRefused: false, search: { steps: 0 } });
    plan = places;
    plans.set(schema, plan);
  }
  return plan;
}

/** Where a search stands: the types around the place, and whether channels are refused there. */
interface Around {
  readonly types: Set<SchemaNode>;
  readonly isRefused: boolean;
  /** The whole search. */
  readonly search: { steps: number };
}

const channelless = new WeakSet<SchemaNode>();

/** Most types hold none, and are not looked through again and again then. */
function holdsChannel(node: SchemaNode): boolean {
  if (channelless.has(node)) return false;
  const seen = new Set<SchemaNode>([node]);
  // A Set gives what is added while it is gone through.
  for (const part of seen) {
    if (asChannel(part) !== undefined) return true;
    for (const inner of partsOf(part as Schema)) {
      const next = nodeOf(inner);
      if (!channelless.has(next)) seen.add(next);
    }
  }
  for (const part of seen) channelless.add(part);
  return false;
}

function collect(schema: Schema, path: string, places: ChannelPlace[], around: Around): void {
  const node = nodeOf(schema);
  // A type inside itself repeats places that are listed already.
  if (around.types.has(node) || !holdsChannel(node)) return;
  if (++around.search.steps > MOST_STEPS) throw new TypeError(`too many places for channels: ${path}`);
  around.types.add(node);
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  switch (node.kind) {
    case "custom": {
      const channel = asChannel(node);
      if (channel !== undefined) places.push({ ...channel, path });
      break;
    }
    case "struct":
      for (const field of node.fields) collect(field.schema, at(field.name), places, around);
      break;
    case "tuple":
      for (const [index, item] of node.items.entries()) collect(item, at(String(index)), places, around);
      break;
    case "option":
      collect(node.item, path, places, around);
      break;
    case "newtype":
      collect(node.inner, path, places, around);
      break;
    case "enum":
      for (const variant of node.variants) collectVariant(variant, at(variant.name), places, around);
      break;
    // r[impl rpc.channel.no-collections]
    case "list":
    case "slice":
    case "array":
    case "set":
      refuse([node.item], `${path}[]`, around);
      break;
    case "map":
      refuse([node.key, node.value], `${path}{}`, around);
      break;
    case "result":
      refuse([node.ok, node.err], path, around);
      break;
  }
  around.types.delete(node);
}

function collectVariant(variant: Variant, path: string, places: ChannelPlace[], around: Around): void {
  if (variant.kind === "newtype") collect(variant.item, path, places, around);
  if (variant.kind === "tuple") {
    for (const [index, item] of variant.items.entries()) collect(item, `${path}.${index}`, places, around);
  }
  if (variant.kind === "struct") {
    for (const field of variant.fields) collect(field.schema, `${path}.${field.name}`, places, around);
  }
}

function refuse(parts: readonly Schema[], path: string, around: Around): void {
  // From here on a channel of a type already entered counts as well: it is inside now.
  const within = around.isRefused ? around : { ...around, types: new Set<SchemaNode>(), isRefused: true };
  for (const part of parts) {
    const inside: ChannelPlace[] = [];
    collect(part, path, inside, within);
    const [first] = inside;
    if (first !== undefined)
      throw new TypeError(`a channel cannot be inside a collection or result: ${first.path}`);
  }
}

/**
 * The walk over the channels of a value of the type: active variants only, nothing for a None.
 * Undefined for a type without channels, which costs its callers nothing then.
 */
// r[impl rpc.channel.discovery]
export function channelWalk(schema: Schema): Walk | undefined {
  let known = walks.get(schema);
  if (known === undefined) {
    known = { walk: channelPlan(schema).length === 0 ? undefined : buildWalk(schema) };
    walks.set(schema, known);
  }
  return known.walk;
}

type Named = Readonly<Record<string, unknown>>;

function buildWalk(schema: Schema): Walk {
  // Looked up when first walked: the type may be one that contains itself.
  if (schema.kind === "lazy") return (value, visit) => channelWalk(nodeOf(schema) as Schema)?.(value, visit);
  const node = nodeOf(schema);
  switch (node.kind) {
    case "custom": {
      const channel = asChannel(node) as ChannelNode;
      return (value, visit) => visit(channel, value);
    }
    case "struct":
      return fieldsWalk(node.fields);
    case "tuple":
      return itemsWalk(node.items);
    case "option": {
      const inner = channelWalk(node.item) as Walk;
      // The Some of a nested option is wrapped, as its codec has it.
      const isWrapped = isNullable(node.item);
      return (value, visit) => {
        if (value !== null) inner(isWrapped ? (value as Named).some : value, visit);
      };
    }
    case "newtype":
      return channelWalk(node.inner) as Walk;
    case "enum": {
      const { tagProperty } = node;
      const byName = new Map(node.variants.map((variant) => [variant.name, variantWalk(variant)]));
      return (value, visit) => byName.get((value as Named)[tagProperty] as string)?.(value, visit);
    }
    default:
      throw new TypeError(`no channel can be inside ${node.kind}`);
  }
}

function fieldsWalk(fields: readonly { readonly name: string; readonly schema: Schema }[]): Walk {
  const walksInside = fields.flatMap(({ name, schema }) => {
    const walk = channelWalk(schema);
    return walk === undefined ? [] : [{ name, walk }];
  });
  return (value, visit) => {
    for (const { name, walk } of walksInside) walk((value as Named)[name], visit);
  };
}

function itemsWalk(items: readonly Schema[]): Walk {
  return fieldsWalk(items.map((schema, index) => ({ name: String(index), schema })));
}

function variantWalk(variant: Variant): Walk | undefined {
  switch (variant.kind) {
    case "unit":
      return undefined;
    case "newtype": {
      const inner = channelWalk(variant.item);
      return inner && ((value, visit) => inner((value as Named).value, visit));
    }
    case "tuple": {
      const inner = itemsWalk(variant.items);
      return (value, visit) => inner((value as Named).value, visit);
    }
    case "struct":
      return fieldsWalk(variant.fields);
  }
}
