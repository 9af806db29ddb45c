import type { ChannelCore } from "../channel/channel-core.ts";
import type { ChannelTable } from "../channel/channel-table.ts";
import { Rx } from "../channel/rx.ts";
import { Tx } from "../channel/tx.ts";
import { RoamError } from "../errors.ts";
import { channelWalk } from "../schema/channel-plan.ts";
import type { ChannelNode } from "../schema/channel-schema.ts";
import type { MethodDescriptor } from "../schema/service.ts";
import type { Id } from "../wire/message.ts";

/**
 * Binds the channels in a call's arguments, in plan order: the caller sends into what the
 * handler receives from, and the reverse.
 *
 * @returns the ids for the Call, and what takes the binding back if the Call cannot be sent
 * @throws TypeError for a handle that is missing, of the wrong direction, or in use
 * @throws RoamError `too-large` above the connection's channel limit
 */
// r[impl rpc.channel.binding.caller-args]
export function bindCallerChannels(
  method: MethodDescriptor,
  args: Record<string, unknown>,
  table: ChannelTable,
): { ids: Id[]; undo: (cause: RoamError) => void } {
  const found: { channel: ChannelNode; core: ChannelCore<unknown> }[] = [];
  channelWalk(method.args)?.(args, (channel, handle) =>
    found.push({ channel, core: coreOf(method, channel, handle) }),
  );
  const cores = new Set(found.map(({ core }) => core));
  if (cores.size !== found.length || !found.every(({ core }) => core.isFree)) {
    throw new TypeError(`${method.service}.${method.name}: a channel handle can be given to one call only`);
  }
  if (!table.hasRoom(found.length)) {
    throw new RoamError("too-large", `${table.size} channels are open already`);
  }
  const ends = found.map(({ channel, core }) => {
    const id = table.allocate();
    return channel.direction === "rx"
      ? table.bindSender(id, channel, core)
      : table.bindReceiver(id, channel, core);
  });
  return {
    ids: ends.map((end) => end.id),
    undo: (cause) => {
      for (const end of ends) end.fail(cause);
    },
  };
}

function coreOf(method: MethodDescriptor, channel: ChannelNode, handle: unknown): ChannelCore<unknown> {
  const isRight = channel.direction === "rx" ? handle instanceof Rx : handle instanceof Tx;
  if (!isRight) {
    const wanted = channel.direction === "rx" ? "an Rx" : "a Tx";
    throw new TypeError(`${method.service}.${method.name}: expected ${wanted} made by channel()`);
  }
  return handle instanceof Rx ? Rx.coreOf(handle) : Tx.coreOf(handle as Tx<unknown>);
}

/** Fails the channels of a call that is not sent, so that nobody waits for their binding. */
export function failChannels(
  method: MethodDescriptor,
  args: Record<string, unknown>,
  cause: RoamError,
): void {
  if (!method.hasChannels) return;
  try {
    channelWalk(method.args)?.(args, (channel, handle) => coreOf(method, channel, handle).fail(cause));
  } catch (error) {
    // The arguments are not of their type, which is what the call fails with already.
    if (!(error instanceof TypeError)) throw error;
  }
}
