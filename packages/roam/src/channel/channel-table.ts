import { compile, Reader } from "roam-postcard";
import { ProtocolError, RoamError } from "../errors.ts";
import type { ChannelNode } from "../schema/channel-schema.ts";
import type {
  ChannelClose,
  ChannelGrantCredit,
  ChannelItem,
  ChannelReset,
  Id,
  Parity,
} from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import type { ChannelCore } from "./channel-core.ts";
import type { ChannelStatus } from "./channel-status.ts";
import type { CreditBudget } from "./credit.ts";
import { EndedIds } from "./ended-ids.ts";
import { ItemReceiver } from "./item-receiver.ts";
import { ItemSender } from "./item-sender.ts";
import type { MessageSink } from "./message-sink.ts";
import { UnboundItems } from "./unbound-items.ts";

type End = ItemSender<unknown> | ItemReceiver<unknown>;

export interface ChannelTableOptions {
  readonly sink: MessageSink;
  /** Ours on the connection: which channel ids we allocate. */
  readonly parity: Parity;
  readonly maxChannels: number;
  readonly maxUnboundItems: number;
  readonly maxUnboundBytes: number;
  /** Present if receivers grant ahead of their consumers. */
  readonly budget?: CreditBudget;
  /** Items of ours that may be out at a time, whatever the type says (for 7.3 receivers: 64). */
  readonly peerItemWindow?: number;
  readonly onBuffered: (deltaBytes: number) => void;
  /** A channel was bound (1) or is over (-1). */
  onLive(delta: 1 | -1): void;
}

/** The channels of one connection. */
// r[impl rpc.channel]
export class ChannelTable {
  readonly #options: ChannelTableOptions;
  readonly #live = new Map<Id, End>();
  readonly #unbound: UnboundItems;
  readonly #ended = new EndedIds();
  #nextId: number;

  constructor(options: ChannelTableOptions) {
    this.#options = options;
    const limits = {
      maxChannels: options.maxChannels,
      maxItems: options.maxUnboundItems,
      maxBytes: options.maxUnboundBytes,
    };
    this.#unbound = new UnboundItems(limits, options.onBuffered);
    this.#nextId = options.parity === "odd" ? 1 : 2;
  }

  get size(): number {
    return this.#live.size;
  }

  statusOf(id: Id): ChannelStatus | undefined {
    return this.#live.get(id)?.status;
  }

  /** Of each channel alive. */
  get statuses(): ChannelStatus[] {
    return Array.from(this.#live.values(), (end) => end.status);
  }

  get unboundBytes(): number {
    return this.#unbound.bytes;
  }

  hasRoom(more: number): boolean {
    return this.#live.size + more <= this.#options.maxChannels;
  }

  // r[impl rpc.channel.allocation]
  allocate(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /**
   * Checks an id that a Call of the counterpart brings.
   *
   * @throws ProtocolError for 0, our own parity, or an id in use or used before
   */
  checkNew(id: Id): void {
    if (!this.#isTheirs(id))
      throw new ProtocolError("rpc.channel.allocation", `channel id ${id} is not the caller's`);
    if (this.#live.has(id) || this.#ended.has(id)) {
      throw new ProtocolError("rpc.channel.allocation", `channel id ${id} was used before`);
    }
  }

  // r[impl rpc.channel.binding.caller-args.rx]
  // r[impl rpc.channel.binding.callee-args.tx]
  bindSender(id: Id, channel: ChannelNode, core: ChannelCore<unknown>): ItemSender<unknown> {
    const sender = new ItemSender({
      id,
      sink: this.#options.sink,
      codec: compile(channel.item),
      // r[impl rpc.flow-control.credit.initial]
      credit: Math.min(channel.credit, this.#options.peerItemWindow ?? channel.credit),
      onEnded: (cause) => this.#over(id, core, cause),
    });
    this.#add(id, sender);
    core.bind({ kind: "sender", sender });
    const early = this.#unbound.take(id);
    if (early !== undefined) {
      if (early.credit > 0) sender.grant(early.credit);
      if (early.isReset) sender.reset();
    }
    return sender;
  }

  // r[impl rpc.channel.binding.caller-args.tx]
  // r[impl rpc.channel.binding.callee-args.rx]
  bindReceiver(id: Id, channel: ChannelNode, core: ChannelCore<unknown>): ItemReceiver<unknown> {
    const { sink, budget, onBuffered } = this.#options;
    const receiver = new ItemReceiver({
      id,
      sink,
      codec: compile(channel.item),
      credit: channel.credit,
      ...(budget === undefined ? {} : { budget }),
      onBuffered,
      onEnded: (cause) => this.#over(id, core, cause),
    });
    this.#add(id, receiver);
    core.bind({ kind: "receiver", receiver });
    const early = this.#unbound.take(id);
    if (early !== undefined) {
      for (const item of early.items) receiver.push(new Reader(item));
      if (early.isOverflowing) receiver.reset();
      else if (early.isClosed) receiver.finish();
      else if (early.isReset) receiver.fail(givenUp());
    }
    return receiver;
  }

  onItem(message: ChannelItem): void {
    const end = this.#live.get(message.id);
    // A received body is always to be read.
    const item = message.item as Reader;
    if (end instanceof ItemReceiver) end.push(item);
    else if (end !== undefined) {
      throw new ProtocolError("rpc.channel.direction", `an item on channel ${message.id}, where we send`);
    } else if (this.#mayComeToBe(message.id)) this.#unbound.hold(message.id, item);
  }

  onClose(message: ChannelClose): void {
    const end = this.#live.get(message.id);
    if (end instanceof ItemReceiver) end.finish();
    else if (end !== undefined) {
      throw new ProtocolError("rpc.channel.direction", `Close on channel ${message.id}, where we send`);
    } else if (this.#mayComeToBe(message.id)) this.#unbound.of(message.id).isClosed = true;
  }

  onReset(message: ChannelReset): void {
    const end = this.#live.get(message.id);
    if (end instanceof ItemSender) end.reset();
    // Only receivers reset; from a sender it is taken as giving up, as published peers take it.
    else if (end !== undefined) end.fail(givenUp());
    else if (this.#mayComeToBe(message.id)) this.#unbound.of(message.id).isReset = true;
  }

  onGrant(message: ChannelGrantCredit): void {
    const end = this.#live.get(message.id);
    if (end instanceof ItemSender) end.grant(message.additional);
    else if (end === undefined && this.#mayComeToBe(message.id)) {
      this.#unbound.of(message.id).credit += message.additional;
    }
  }

  /** The Call that brought the id was refused: what came or comes for it is dropped. */
  abandon(id: Id): void {
    if (!this.#isTheirs(id) || this.#live.has(id)) return;
    this.#unbound.take(id);
    this.#ended.add(id);
  }

  /** The same for a Call that will not be served: its caller's ends learn it by a Reset. */
  refuse(id: Id): void {
    if (!this.#mayComeToBe(id) || this.#live.has(id)) return;
    this.abandon(id);
    const { sink } = this.#options;
    sink.post({ tag: "ChannelReset", connectionId: sink.connectionId, id, metadata: Metadata.EMPTY });
  }

  /** The connection is gone. */
  fail(cause: RoamError): void {
    for (const end of [...this.#live.values()]) end.fail(cause);
    this.#unbound.clear();
  }

  #isTheirs(id: Id): boolean {
    if (id === 0) return false;
    const isOdd = typeof id === "bigint" ? (id & 1n) === 1n : id % 2 === 1;
    return isOdd !== (this.#options.parity === "odd");
  }

  #mayComeToBe(id: Id): boolean {
    return this.#isTheirs(id) && !this.#ended.has(id);
  }

  #add(id: Id, end: End): void {
    this.#live.set(id, end);
    this.#options.onLive(1);
  }

  #over(id: Id, core: ChannelCore<unknown>, cause: RoamError | undefined): void {
    if (!this.#live.delete(id)) return;
    if (this.#isTheirs(id)) this.#ended.add(id);
    core.endedWith(cause);
    this.#options.onLive(-1);
  }
}

function givenUp(): RoamError {
  return new RoamError("channel-reset", "the sender gave the channel up");
}
