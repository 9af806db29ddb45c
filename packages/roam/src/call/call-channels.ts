import type { ChannelOver } from "../channel/channel-core.ts";
import { Rx } from "../channel/rx.ts";
import { Tx } from "../channel/tx.ts";
import { channelWalk } from "../schema/channel-plan.ts";
import type { MiddlewareCall } from "./middleware.ts";

/** A channel in the arguments of a call, as this side has it. */
export interface CallChannel {
  /** Of the argument that it is, or that it is in. */
  readonly name: string;
  /** Items go out from here, or come in. */
  readonly direction: "in" | "out";
  /**
   * Tells once that it has ended here, however it does: at once if it has.
   *
   * @returns false if it is another call's, and this one will fail of it
   */
  watch(onOver: (over: ChannelOver) => void): boolean;
}

/** The channels in the arguments of a call, in declaration order. */
export function callChannels({
  side,
  descriptor,
  args,
}: Pick<MiddlewareCall, "side" | "descriptor" | "args">): readonly CallChannel[] {
  if (!descriptor.hasChannels) return [];
  const found: CallChannel[] = [];
  for (const { name, schema } of descriptor.argFields) {
    const walk = channelWalk(schema);
    if (walk === undefined || args[name] === undefined) continue;
    try {
      walk(args[name], ({ direction }, handle) => {
        // Arguments may be anything until they are encoded.
        if (!(handle instanceof Tx || handle instanceof Rx)) return;
        const core = handle instanceof Tx ? Tx.coreOf(handle) : Rx.coreOf(handle);
        const isOut = (direction === "tx") === (side === "handler");
        found.push({
          name,
          direction: isOut ? "out" : "in",
          watch: (onOver) => {
            const isOurs = side === "handler" || core.isFree;
            if (isOurs) core.watch(onOver);
            return isOurs;
          },
        });
      });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return found;
}
