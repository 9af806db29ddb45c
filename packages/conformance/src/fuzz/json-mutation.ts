type Integer = (min: number, max: number) => number;
type Container = unknown[] | { [name: string]: unknown };

/** A place in a JSON value: what holds it, and under which key. */
interface Spot {
  readonly holder: Container;
  readonly key: string | number;
}

const NAMES = ["a", "T", "tag", "__proto__", "constructor", "0", "", "length", "toString"];
const NUMBERS = [0, 1, 2, 16, 255, 65_536, 2 ** 24, 2 ** 24 + 1, 2 ** 32 - 1, 2 ** 53 - 1, -1, 0.5];
const KINDS = ["struct", "tupleStruct", "unitStruct", "newtype", "transparent", "opaque", "enum"];
const PRIMITIVES = [
  "bool",
  "u8",
  "u64",
  "i128",
  "f64",
  "char",
  "string",
  "bytes",
  "byteSlice",
  "unit",
  "trailing",
];
const WRAPPERS = ["list", "slice", "option", "set", "array", "map", "tuple", "result", "tx", "rx", "ref"];
const MOST_CHANGES = 6;

/** A schema document changed as a tree: parts moved, repeated, left out, wrapped; undefined if it is no JSON. */
export function mutatedJson(input: Uint8Array, other: Uint8Array, integer: Integer): Uint8Array | undefined {
  const value = parsed(input);
  if (typeof value !== "object" || value === null) return undefined;
  const root = { value };
  const donor = { value: parsed(other) };
  for (let change = integer(1, MOST_CHANGES); change > 0; change--) changeOne(root, donor, integer);
  return new TextEncoder().encode(JSON.stringify(root.value));
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function changeOne(root: Container, donor: Container, integer: Integer): void {
  const spots = spotsOf(root);
  const spot = pick(spots, integer);
  if (spot === undefined) return;
  const part = get(spot);
  switch (integer(0, 6)) {
    case 0:
      return set(spot, atom(root, integer));
    case 1: {
      const from = pick(spotsOf(donor), integer);
      return set(spot, from === undefined ? null : structuredClone(get(from)));
    }
    case 2: {
      const from = pick(spots, integer);
      return set(spot, from === undefined ? null : structuredClone(get(from)));
    }
    case 3:
      if (Array.isArray(spot.holder)) spot.holder.splice(spot.key as number, 1);
      else if (spot.holder !== root) delete spot.holder[spot.key as string];
      return;
    case 4:
      if (Array.isArray(spot.holder)) spot.holder.splice(spot.key as number, 0, structuredClone(part));
      else if (spot.holder !== root)
        set({ holder: spot.holder, key: pick(NAMES, integer) ?? "a" }, structuredClone(part));
      return;
    case 5:
      return set(spot, wrapped(part, integer));
    default:
      return doubled(root, integer);
  }
}

function wrapped(part: unknown, integer: Integer): unknown {
  const name = pick(WRAPPERS, integer) ?? "list";
  if (name === "tuple") return { tuple: Array.from({ length: integer(0, 3) }, () => structuredClone(part)) };
  if (name === "map" || name === "result") return { [name]: [structuredClone(part), part] };
  if (name === "array") return { array: part, length: pick(NUMBERS, integer) };
  if (name === "tx" || name === "rx") return { [name]: part, credit: pick(NUMBERS, integer) };
  return { [name]: part };
}

/** A further type, of two of one that is there: small texts describe large types so. */
function doubled({ value }: Container & { value?: unknown }, integer: Integer): void {
  const types = (value as { types?: Record<string, unknown> | null } | null)?.types;
  if (typeof types !== "object" || types === null) return;
  const keys = Object.keys(types);
  const last = keys.at(-1) ?? "T";
  const more = integer(1, 12);
  for (let count = 0; count < more; count++) {
    const inner = count === 0 ? last : `D${keys.length + count - 1}`;
    const items = [{ ref: inner }, { ref: inner }];
    types[`D${keys.length + count}`] = { name: "D", kind: "tupleStruct", items };
  }
}

/** Something small, also a name that is there already. */
function atom(root: Container, integer: Integer): unknown {
  const { value } = root as { value?: { types?: unknown } | null };
  const refs = Object.keys(Object(value?.types)).map((ref) => ({ ref }));
  return pick<unknown>([...NAMES, ...NUMBERS, ...KINDS, ...PRIMITIVES, ...refs, null, true, {}, []], integer);
}

function spotsOf(root: Container): Spot[] {
  const spots: Spot[] = [];
  const visit = (holder: Container): void => {
    for (const key of Object.keys(holder)) {
      const spot = { holder, key: Array.isArray(holder) ? Number(key) : key };
      spots.push(spot);
      const part = get(spot);
      if (typeof part === "object" && part !== null) visit(part as Container);
    }
  };
  visit(root);
  return spots;
}

function get({ holder, key }: Spot): unknown {
  return (holder as { [key: string | number]: unknown })[key];
}

/** As a property of its own, whatever its name: JSON may have one called `__proto__`. */
function set({ holder, key }: Spot, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function pick<T>(from: readonly T[], integer: Integer): T | undefined {
  return from[integer(0, from.length - 1)];
}
