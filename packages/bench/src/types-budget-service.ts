import { type Method, method, type Schema, service, t } from "roam";
import { documentOf, type SchemaDocument } from "roam/schema";

/** Five forms of methods in turns; each has its line in `useModule`. */
const FORMS = 5;
/** Types contain the one before, up to this deep: signatures are written out in full. */
const MOST_DEPTH = 4;

/** A service of so many methods, over a fifth as many types. */
export function largeDocument(methods: number): SchemaDocument {
  const types: Schema[] = [];
  for (let at = 0; at < typeCount(methods); at++) {
    const inner = at % MOST_DEPTH === 0 ? t.u32 : (types[at - 1] as Schema);
    types.push(at % MOST_DEPTH === MOST_DEPTH - 1 ? variants(at, inner) : record(at, inner));
  }
  const Refused = t.enum("Refused", { NotFound: t.unit, Busy: t.unit });
  const all: Record<string, Method> = {};
  for (let at = 0; at < methods; at++) {
    const [one, other] = typesOf(at, methods).map((index) => types[index] as Schema);
    all[`method${at}`] = form(at, one as Schema, other as Schema, Refused) as Method;
  }
  return documentOf([service("Large", all)]);
}

function typeCount(methods: number): number {
  return Math.ceil(methods / 5);
}

function typesOf(method: number, methods: number): [one: number, other: number] {
  return [method % typeCount(methods), (method * 7) % typeCount(methods)];
}

function record(at: number, inner: Schema): Schema {
  return t.struct(nameOf(at), {
    id: t.u64,
    name: t.string,
    tags: t.list(t.string),
    note: t.option(t.string),
    inner: t.option(inner),
    counts: t.map(t.string, t.u32),
  });
}

function variants(at: number, inner: Schema): Schema {
  return t.enum(nameOf(at), {
    Empty: t.unit,
    One: inner,
    Two: [t.u8, t.string],
    Named: { at: inner, label: t.option(t.string) },
  });
}

function nameOf(at: number): string {
  return at % MOST_DEPTH === MOST_DEPTH - 1 ? `Kind${at}` : `Record${at}`;
}

function form(at: number, one: Schema, other: Schema, error: Schema): unknown {
  switch (at % FORMS) {
    case 0:
      return method({ id: t.u64, at: one }, other);
    case 1:
      return method({ id: t.u64 }, t.list(one), error);
    case 2:
      return method({ input: t.rx(one), label: t.string }, t.u64);
    case 3:
      return method({ since: t.u64, out: t.tx(other, 64) });
    default:
      return method({ a: t.option(one), b: t.tuple([t.u8, other]) }, t.option(one));
  }
}

/** A module that calls every method once, and serves the service. */
export function useModule(methods: number): string {
  const lines: string[] = [];
  const names = new Set<string>();
  for (let at = 0; at < methods; at++) {
    const [one, other] = typesOf(at, methods).map(nameOf) as [string, string];
    names.add(one).add(other);
    lines.push(...useOf(at, one, other));
  }
  return `import { connect, type HandlersOf, type Server, serve } from "roam";
import { Large, type ${[...names].sort().join(", type ")} } from "./large.ts";

declare function given<T>(): T;

export async function use(): Promise<void> {
  await using client = await connect("tcp://127.0.0.1:4400", Large);
${lines.map((line) => `  ${line}\n`).join("")}}

export function serveIt(handlers: HandlersOf<typeof Large>): Promise<Server> {
  return serve("tcp://127.0.0.1:0", Large, handlers);
}
`;
}

function useOf(at: number, one: string, other: string): string[] {
  const call = `client.method${at}`;
  switch (at % FORMS) {
    case 0:
      return [`const r${at}: ${other} = await ${call}({ id: 1n, at: given<${one}>() });`, `void r${at};`];
    case 1:
      return [
        `const r${at} = await ${call}.result({ id: 1n });`,
        `if (r${at}.ok) given<(all: ${one}[]) => void>()(r${at}.value);`,
        `else given<(code: "NotFound" | "Busy" | undefined) => void>()(r${at}.error.detail);`,
      ];
    case 2:
      return [
        `const r${at}: bigint = await ${call}({ input: given<${one}[]>(), label: "x" });`,
        `void r${at};`,
      ];
    case 3:
      return [
        `for await (const item of ${call}({ since: 1n }).out) given<(item: ${other}) => void>()(item);`,
      ];
    default:
      return [
        `const r${at}: ${one} | null = await ${call}({ a: null, b: [1, given<${other}>()] });`,
        `void r${at};`,
      ];
  }
}

/** A module that compiles only if there is no `any` in what the methods of a client give. */
export function anyModule(): string {
  return `import { type ClientOf, knownIds, method, type Schema, t } from "roam";
import { Large } from "./large.ts";

type IsAny<T> = 0 extends 1 & T ? true : false;
type Leaf = bigint | boolean | null | number | string | undefined | Uint8Array;
/** True if there is an \`any\` anywhere in values of the type. */
type AnyIn<T> =
  IsAny<T> extends true ? true
  : T extends Leaf ? never
  : T extends Map<infer K, infer V> ? AnyIn<K> | AnyIn<V>
  : T extends Set<infer I> | readonly (infer I)[] ? AnyIn<I>
  : { [K in keyof T]: AnyIn<T[K]> }[keyof T];
type ItemOf<C> = C extends AsyncIterable<infer I> ? I : C extends { send(item: infer I): unknown } ? I : never;
/** Of a call: its value, and the items of its channels. */
type Given<C> = AnyIn<Awaited<C>> | { [K in Exclude<keyof C, keyof Promise<unknown>>]: AnyIn<ItemOf<C[K]>> }[Exclude<keyof C, keyof Promise<unknown>>];
type Answer<F> = F extends { result(...args: never[]): Promise<infer R> }
  ? R extends { ok: true; value: infer V } ? AnyIn<V>
    : R extends { ok: false; error: infer E } ? (E extends { detail: infer D } ? AnyIn<D> : true) : true
  : true;
type Methods<C> = Omit<C, "$" | typeof Symbol.asyncDispose>;
type Bad<C> = { [K in keyof Methods<C>]: Methods<C>[K] extends (...args: never[]) => infer R ? ([Given<R> | Answer<Methods<C>[K]>] extends [never] ? never : K) : K }[keyof Methods<C>];

type None<_T extends never> = true;
export type Checked = None<Bad<ClientOf<typeof Large>>>;

// biome-ignore lint/suspicious/noExplicitAny: what the check must find
const Loose = t.option(t.u8) as Schema as Schema<any>;
const Caught = knownIds("Caught", {
  value: method({}, t.list(Loose)),
  error: method({}, t.u8, t.struct("E", { a: t.map(t.string, Loose) })),
  items: method({ out: t.tx(Loose) }),
  good: method({ out: t.tx(t.u8) }, t.string, t.bytes),
}, { value: 1n, error: 2n, items: 3n, good: 4n });
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
export const isCaught: Same<Bad<ClientOf<typeof Caught>>, "value" | "error" | "items"> = true;
`;
}
