import type { Schema } from "roam-postcard";
import { channelSchema, DEFAULT_CREDIT } from "../schema/channel-schema.ts";
import type { Rx } from "./rx.ts";
import type { Tx } from "./tx.ts";

declare const itemType: unique symbol;

/** In an argument: the handler sends, the caller receives. */
export interface TxSchema<T> extends Schema<Tx<T>> {
  readonly [itemType]?: readonly ["tx", T];
}

/** In an argument: the handler receives, the caller sends. */
export interface RxSchema<T> extends Schema<Rx<T>> {
  readonly [itemType]?: readonly ["rx", T];
}

/**
 * A channel that the handler sends on.
 *
 * @param credit items that may be sent before the first grant; both sides must agree
 */
// r[impl rpc.channel.direction]
export function tx<T>(item: Schema<T>, credit: number = DEFAULT_CREDIT): TxSchema<T> {
  return channelSchema("tx", item, credit);
}

/** A channel that the handler receives from; `credit` as for `tx`. */
export function rx<T>(item: Schema<T>, credit: number = DEFAULT_CREDIT): RxSchema<T> {
  return channelSchema("rx", item, credit);
}
