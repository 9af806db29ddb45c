import { ChannelCore } from "./channel-core.ts";
import { Rx } from "./rx.ts";
import { Tx } from "./tx.ts";

/**
 * Two handles of a channel to be: put one into a call's arguments and keep the other, which
 * waits until the call is sent.
 */
export function channel<T>(): [tx: Tx<T>, rx: Rx<T>] {
  const core = new ChannelCore<T>();
  return [new Tx(core), new Rx(core)];
}
