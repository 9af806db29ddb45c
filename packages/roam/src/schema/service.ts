import { type Codec, compile, type Field, type Fields, type Schema, t } from "roam-postcard";
import { channelPlan } from "./channel-plan.ts";

/** One method as declared: arguments by name, what it returns, its own error if it has one. */
export interface Method<A extends Fields = Fields, R = unknown, E = unknown> {
  readonly args: A;
  readonly returns: Schema<R>;
  readonly error: Schema<E> | undefined;
}
export type Methods = Readonly<Record<string, Method>>;

/** A set of methods under a name. State belongs to the handler. */
// r[impl rpc.service]
export interface Service<M extends Methods = Methods> {
  readonly name: string;
  readonly methods: M;
  /** What the runtime needs of each method, worked out when first asked for. */
  descriptors(): ReadonlyMap<string, MethodDescriptor>;
  /** Of the whole service: differs where two sides could misread each other; 32 bytes. */
  digest(): Uint8Array | undefined;
  /** Versions of it that are served as well: see `versions`. */
  readonly older?: readonly OlderVersion[];
}

/** A version of a service that is served by the functions of a newer one. */
export interface OlderVersion {
  readonly service: Service;
  /** By method: how it comes to the newer one, or a function that serves it. */
  readonly adapters: Readonly<Record<string, UntypedAdapter | ((args: never, call: never) => unknown)>>;
}

/** What stands between an older signature of a method and a newer one, its types forgotten. */
export interface UntypedAdapter {
  readonly args?: (older: Record<string, unknown>) => Record<string, unknown>;
  readonly returns?: (newer: unknown) => unknown;
  readonly error?: (newer: unknown) => unknown;
  readonly items?: Readonly<Record<string, (item: unknown) => unknown>>;
}

/** How ids come about: computed from the signature, or known. */
export interface Identity {
  id(service: string, method: string, args: readonly Schema[], returns: Schema): bigint;
  /** Of a method's whole schema, credit and errors included (`signature.x.result-guard`); 32 bytes. */
  strictHash?(service: string, method: string, args: readonly Schema[], returns: Schema): Uint8Array;
  /** The hash itself, for the digest of a service; 32 bytes. */
  hash?(bytes: Uint8Array): Uint8Array;
}

/** A method as the runtime uses it. */
export interface MethodDescriptor {
  readonly service: string;
  readonly name: string;
  readonly id: bigint;
  /** The id's lower and upper 32 bits. */
  readonly idLo: number;
  readonly idHi: number;
  readonly strictHash: Uint8Array | undefined;
  readonly args: Schema<Record<string, unknown>>;
  readonly argFields: readonly Field[];
  readonly argsCodec: Codec<Record<string, unknown>>;
  readonly hasChannels: boolean;
  /** Largest initial credit of a channel in the arguments. */
  readonly maxCredit: number;
  readonly returnsCodec: Codec<unknown>;
  /** Undefined for an infallible method. */
  readonly errorCodec: Codec<unknown> | undefined;
}

/**
 * A method: its arguments by name in wire order, its return type, its typed error.
 * With an error it is Rust's `Result<R, E>`.
 */
// Overloads, not defaults of R and E: those give way to the `unknown` that the context expects.
// r[impl rpc.fallible]
export function method<A extends Fields>(args: A): Method<A, undefined, never>;
export function method<A extends Fields, R>(args: A, returns: Schema<R>): Method<A, R, never>;
export function method<A extends Fields, R, E>(
  args: A,
  returns: Schema<R>,
  error: Schema<E> | undefined,
): Method<A, R, E>;
export function method(args: Fields, returns: Schema = t.unit, error?: Schema): Method {
  return { args, returns, error };
}

/**
 * A service over an identity.
 *
 * @throws TypeError for a channel in a return or error type, or inside a collection
 */
// r[impl rpc.service.methods]
export function defineService<M extends Methods>(name: string, methods: M, identity: Identity): Service<M> {
  for (const [methodName, declared] of Object.entries(methods))
    checkPlacement(`${name}.${methodName}`, declared);
  let descriptors: ReadonlyMap<string, MethodDescriptor> | undefined;
  let digest: Uint8Array | undefined;
  return {
    name,
    methods,
    descriptors() {
      descriptors ??= describeAll(name, methods, identity);
      return descriptors;
    },
    digest() {
      digest ??= identity.hash?.(digestInput([...this.descriptors().values()]));
      return digest;
    },
  };
}

/** Method ids with their strict hashes, in order of the ids. */
// r[impl signature.x.result-guard]
function digestInput(methods: readonly MethodDescriptor[]): Uint8Array {
  const sorted = [...methods].sort((a, b) => (a.id < b.id ? -1 : 1));
  const input = new Uint8Array(sorted.length * 40);
  const view = new DataView(input.buffer);
  for (const [index, { id, strictHash }] of sorted.entries()) {
    view.setBigUint64(index * 40, id, true);
    if (strictHash !== undefined) input.set(strictHash, index * 40 + 8);
  }
  return input;
}

// r[impl rpc.channel.placement]
function checkPlacement(where: string, { args, returns, error }: Method): void {
  for (const schema of Object.values(args)) channelPlan(schema);
  for (const schema of error === undefined ? [returns] : [returns, error]) {
    if (channelPlan(schema).length > 0) throw new TypeError(`${where}: a channel cannot be returned`);
  }
}

function describeAll(
  name: string,
  methods: Methods,
  identity: Identity,
): ReadonlyMap<string, MethodDescriptor> {
  const all = new Map<string, MethodDescriptor>();
  const seen = new Map<bigint, string>();
  for (const [methodName, declared] of Object.entries(methods)) {
    const descriptor = describe(name, methodName, declared, identity);
    // r[impl rpc.method-id.no-collisions]
    const twin = seen.get(descriptor.id);
    if (twin !== undefined) throw new TypeError(`${name}: ${twin} and ${methodName} have the same method id`);
    seen.set(descriptor.id, methodName);
    all.set(methodName, descriptor);
  }
  return all;
}

function describe(service: string, name: string, declared: Method, identity: Identity): MethodDescriptor {
  const argTypes = Object.values(declared.args);
  const returns =
    declared.error === undefined ? declared.returns : t.result(declared.returns, declared.error);
  const id = identity.id(service, name, argTypes, returns);
  // On the wire a struct of the arguments is the tuple of them.
  const args = t.struct(`${service}.${name}`, declared.args) as Schema<Record<string, unknown>>;
  const channels = channelPlan(args);
  return {
    service,
    name,
    id,
    idLo: Number(id & 0xffff_ffffn),
    idHi: Number(id >> 32n),
    strictHash: identity.strictHash?.(service, name, argTypes, returns),
    args,
    argFields: Object.entries(declared.args).map(([argName, schema]) => ({ name: argName, schema })),
    argsCodec: compile(args),
    hasChannels: channels.length > 0,
    maxCredit: channels.reduce((most, { credit }) => Math.max(most, credit), 0),
    returnsCodec: compile(declared.returns as Schema),
    errorCodec: declared.error === undefined ? undefined : compile(declared.error as Schema),
  };
}
