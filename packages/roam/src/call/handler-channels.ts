import { ChannelCore } from "../channel/channel-core.ts";
import type { ChannelTable } from "../channel/channel-table.ts";
import type { ItemReceiver } from "../channel/item-receiver.ts";
import { ItemSender } from "../channel/item-sender.ts";
import { Rx } from "../channel/rx.ts";
import { Tx } from "../channel/tx.ts";
import type { ChannelContext, ChannelNode } from "../schema/channel-schema.ts";
import type { Id } from "../wire/message.ts";

/** The channels of one call being served: made while its arguments are decoded, bound after. */
// r[impl rpc.channel.binding]
export class HandlerChannels implements ChannelContext {
  readonly #ids: readonly Id[];
  readonly #table: ChannelTable;
  readonly #made: { readonly channel: ChannelNode; readonly core: ChannelCore<unknown> }[] = [];
  readonly #ends: {
    readonly core: ChannelCore<unknown>;
    readonly end: ItemSender<unknown> | ItemReceiver<unknown>;
  }[] = [];

  constructor(ids: readonly Id[], table: ChannelTable) {
    this.#ids = ids;
    this.#table = table;
  }

  /** The decoder has come to a channel. */
  next(channel: ChannelNode): Tx<unknown> | Rx<unknown> {
    const core = new ChannelCore<unknown>();
    this.#made.push({ channel, core });
    return channel.direction === "tx" ? new Tx(core) : new Rx(core);
  }

  /**
   * Binds in plan order, before any other message is looked at.
   *
   * @returns false if the Call brings another number of ids, or there is no room
   * @throws ProtocolError for an id that is not the caller's to use
   */
  bindAll(): boolean {
    if (this.#made.length !== this.#ids.length || !this.#table.hasRoom(this.#ids.length)) return false;
    for (const [index, { channel, core }] of this.#made.entries()) {
      const id = this.#ids[index] as Id;
      // Checked one by one, for the list may name an id twice.
      this.#table.checkNew(id);
      const end =
        channel.direction === "tx"
          ? this.#table.bindSender(id, channel, core)
          : this.#table.bindReceiver(id, channel, core);
      this.#ends.push({ core, end });
    }
    return true;
  }

  /** The handler is done: what it has not ended nor kept is closed, or reset. */
  // r[impl rpc.channel.lifecycle]
  end(): void {
    for (const { core, end } of this.#ends) {
      if (core.isKept) continue;
      if (end instanceof ItemSender) void end.close();
      // Also after the sender's Close: what waits unread is given up.
      else end.reset();
    }
  }
}
