import type { Infer } from "roam-postcard";
import type { Rx } from "../channel/rx.ts";
import type { Tx } from "../channel/tx.ts";
import { asChannel } from "../schema/channel-schema.ts";
import type { Method, MethodDescriptor, Methods, OlderVersion, Service } from "../schema/service.ts";
import type { HandlerArgs, Handlers, ItemOf, RxKeys, TxKeys } from "./call-types.ts";

/** Channels that both versions have under one name, in one direction. */
type SharedTx<A1, A2> = TxKeys<A1> & TxKeys<A2>;
type SharedRx<A1, A2> = RxKeys<A1> & RxKeys<A2>;

/** An older method's arguments as its adapter gets them: shared channels carry the newer items. */
type OlderArgs<A1, A2> = {
  [K in keyof A1]: K extends SharedTx<A1, A2>
    ? Tx<ItemOf<A2[K & keyof A2]>>
    : K extends SharedRx<A1, A2>
      ? Rx<ItemOf<A2[K & keyof A2]>>
      : Infer<A1[K]>;
};

/** Required where it is needed, else welcome. */
type Needed<Name extends string, IsFit extends boolean, F> = IsFit extends true
  ? { readonly [K in Name]?: F }
  : { readonly [K in Name]: F };
type Fits<From, To> = [From] extends [To] ? true : false;

type TxItems<A1, A2> = {
  readonly [K in SharedTx<A1, A2> as Fits<ItemOf<A2[K]>, ItemOf<A1[K]>> extends true
    ? never
    : Extract<K, string>]: (item: ItemOf<A2[K]>) => ItemOf<A1[K]>;
};
type RxItems<A1, A2> = {
  readonly [K in SharedRx<A1, A2> as Fits<ItemOf<A1[K]>, ItemOf<A2[K]>> extends true
    ? never
    : Extract<K, string>]: (item: ItemOf<A1[K]>) => ItemOf<A2[K]>;
};
type Items<A1, A2> = TxItems<A1, A2> & RxItems<A1, A2>;

/**
 * How calls of an older signature of a method are served by the newer one. Each part is required
 * where the types differ; each is a plain function that gives the same for the same.
 *
 * - `args`: the older arguments as the newer ones
 * - `returns`: the newer value as the older one; it may `fail` with the older error
 * - `error`: the newer error as the older one, or as a value if the older method has no error
 * - `items`: by argument, items of a channel as the other side of it has them
 */
export type MethodAdapter<Older, Newer> =
  Older extends Method<infer A1, infer R1, infer E1>
    ? Newer extends Method<infer A2, infer R2, infer E2>
      ? Needed<
          "args",
          Fits<OlderArgs<A1, A2>, HandlerArgs<A2>>,
          (older: OlderArgs<A1, A2>) => HandlerArgs<A2>
        > &
          Needed<"returns", Fits<R2, R1>, (newer: R2) => R1> &
          Needed<"error", Fits<E2, E1>, (newer: E2) => [E1] extends [never] ? R1 : E1> &
          Needed<"items", Fits<Record<never, never>, Items<A1, A2>>, Items<A1, A2>>
      : never
    : never;

type IsOptional<T> = Record<never, never> extends T ? true : false;
type AdapterOf<Older extends Methods, Newer extends Methods, K extends keyof Older> =
  | Handlers<Older>[K]
  | (K extends keyof Newer ? MethodAdapter<Older[K], Newer[K]> : never);
type IsFree<Older extends Methods, Newer extends Methods, K extends keyof Older> = K extends keyof Newer
  ? IsOptional<MethodAdapter<Older[K], Newer[K]>>
  : false;

/** By method of the older version: an adapter, or a function that serves it altogether. */
export type Adapters<Older extends Methods, Newer extends Methods> = {
  readonly [K in keyof Older as IsFree<Older, Newer, K> extends true ? never : K]: AdapterOf<Older, Newer, K>;
} & {
  readonly [K in keyof Older as IsFree<Older, Newer, K> extends true ? K : never]?: AdapterOf<
    Older,
    Newer,
    K
  >;
};

/**
 * The newer service, ready to be served to callers of an older version as well: a method whose
 * signature changed has another id, so both are served side by side, by the same functions.
 * The older service need only have the methods that changed; one that is gone is served by a
 * function. Handlers and middleware see the newer form only. For a third version, wrap again.
 *
 * @example serve(url, versions(Billing, BillingV1, { lookup: { args: ({ id }) => ({ id: BigInt(id) }) } }), handlers)
 * @throws TypeError for a method that changed and kept its id (an id leaves out what a Result
 *   carries, and credit): its callers cannot be told apart; and for an adapter of nothing
 */
export function versions<M extends Methods, Older extends Methods>(
  service: Service<M>,
  older: Service<Older>,
  ...[adapters]: IsOptional<Adapters<Older, M>> extends true
    ? [adapters?: Adapters<Older, M>]
    : [adapters: Adapters<Older, M>]
): Service<M> {
  const given = (adapters ?? {}) as UntypedAdapters;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(older.methods, name))
      throw new TypeError(`${older.name} has no method ${name} that could be adapted`);
  }
  const newer = service.descriptors();
  for (const [name, method] of older.descriptors()) check(method, newer, given[name]);
  return { ...service, older: [...(service.older ?? []), { service: older as Service, adapters: given }] };
}

function check(
  method: MethodDescriptor,
  newer: ReadonlyMap<string, MethodDescriptor>,
  adapter: UntypedAdapters[string] | undefined,
): void {
  const path = `${method.service}.${method.name}`;
  const twin = [...newer.values()].find(({ id }) => id === method.id);
  if (twin !== undefined) {
    if (adapter === undefined && isSame(method.strictHash, twin.strictHash)) return;
    throw new TypeError(
      `${path} has the same id in both versions, so its callers cannot be told apart: a change of credit, or of what a Result carries, wants another name`,
    );
  }
  if (typeof adapter === "function") return;
  const current = newer.get(method.name);
  if (current === undefined) throw new TypeError(`${path} is gone from the newer version: give a function`);
  for (const name of Object.keys(adapter?.items ?? {})) {
    const directions = [method, current].map((one) => channelOf(one, name)?.direction);
    if (directions[0] === undefined || directions[0] !== directions[1]) {
      throw new TypeError(
        `${path}: ${name} is not a channel of one direction in both versions, so its items cannot be adapted: give a function`,
      );
    }
  }
}

/** The channel that an argument is; those nested deeper are not looked for. */
export function channelOf({ argFields }: MethodDescriptor, name: string) {
  const field = argFields.find((one) => one.name === name);
  return field === undefined ? undefined : asChannel(field.schema);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  // Generated services have none.
  return a === undefined || b === undefined || a.every((byte, index) => byte === b[index]);
}

type UntypedAdapters = OlderVersion["adapters"];
