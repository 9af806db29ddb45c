import type { Infer } from "roam-postcard";
import type { RxSchema, TxSchema } from "../channel/channel-types.ts";
import type { Rx } from "../channel/rx.ts";
import type { Tx } from "../channel/tx.ts";
import type { Method, Methods, Service } from "../schema/service.ts";
import type { Metadata, MetadataInit } from "../wire/metadata.ts";
import type { CallContext } from "./call-context.ts";
import type { CallError } from "./call-error.ts";
import type { TraceContext } from "./call-metadata.ts";

/** What a caller may pass where the handler receives: its items, or a handle made by `channel()`. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

export type TxKeys<A> = {
  [K in keyof A]: A[K] extends TxSchema<infer _> ? (Infer<A[K]> extends Tx<infer _> ? K : never) : never;
}[keyof A];
export type RxKeys<A> = {
  [K in keyof A]: A[K] extends RxSchema<infer _> ? (Infer<A[K]> extends Rx<infer _> ? K : never) : never;
}[keyof A];
export type ItemOf<S> = Infer<S> extends Tx<infer T> ? T : Infer<S> extends Rx<infer T> ? T : never;
type Plain<A> = { [K in Exclude<keyof A, TxKeys<A> | RxKeys<A>>]: Infer<A[K]> };
type Flat<T> = { [K in keyof T]: T[K] };

/**
 * Arguments as a caller gives them. Channels may be left out: the other end is then a property
 * of the returned call.
 */
export type CallerArgs<A> = Flat<
  Plain<A> & { [K in TxKeys<A>]?: Tx<ItemOf<A[K]>> } & { [K in RxKeys<A>]?: Source<ItemOf<A[K]>> }
>;

/** A promise of the method's value, with the near ends of the channels that were left out. */
export type Call<A, R> = Promise<R> &
  Flat<{ readonly [K in TxKeys<A>]: Rx<ItemOf<A[K]>> } & { readonly [K in RxKeys<A>]: Tx<ItemOf<A[K]>> }>;

export interface CallOptions {
  /** Gives the call up. The signal of a call being served also hands on its deadline and trace. */
  readonly signal?: AbortSignal;
  /** The call fails with `deadline-exceeded` after this time, here and there (ms; Infinity: never). */
  readonly timeoutMs?: number;
  readonly metadata?: MetadataInit;
  /** W3C trace context; by default that of the call being served. */
  readonly trace?: TraceContext;
  /** False: neither deadline nor trace come from the call being served. */
  readonly inherit?: boolean;
}

/** An answer, good or bad, without a throw. */
export type CallResult<R, E> =
  | { readonly ok: true; readonly value: R; readonly metadata: Metadata }
  | { readonly ok: false; readonly error: CallError<E>; readonly metadata: Metadata };

type Optional<A> =
  Record<never, never> extends CallerArgs<A>
    ? [args?: CallerArgs<A>, options?: CallOptions]
    : [args: CallerArgs<A>, options?: CallOptions];

/** One method of a client. */
// r[impl rpc.fallible.caller-signature]
export interface ClientMethod<A, R, E> {
  (...call: Optional<A>): Call<A, R>;
  /** The answer as a value: `user` errors typed, metadata of the answer included. */
  result(...call: Optional<A>): Promise<CallResult<R, E>>;
}

export type ClientMethods<M extends Methods> = {
  readonly [K in keyof M]: M[K] extends Method<infer A, infer R, infer E> ? ClientMethod<A, R, E> : never;
};

export type HandlerArgs<A> = Flat<{ [K in keyof A]: Infer<A[K]> }>;

/** The user's functions, one for each method. Own errors are thrown with `fail`. */
export type Handlers<M extends Methods> = {
  readonly [K in keyof M]: M[K] extends Method<infer A, infer R, infer _E>
    ? (
        args: HandlerArgs<A>,
        call: CallContext,
      ) => R | PromiseLike<R> | (undefined extends R ? void | PromiseLike<void> : never)
    : never;
};

/** The functions behind a service: `HandlersOf<typeof Billing>`. */
export type HandlersOf<S> = S extends Service<infer M> ? Handlers<M> : never;
