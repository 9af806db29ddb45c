import type {
  ChannelClose,
  ChannelGrantCredit,
  ChannelItem,
  ChannelReset,
  ConnectionMessage,
  Id,
  Parity,
  RequestCall,
  RequestResponse,
} from "roam/wire";
import { Metadata } from "roam/wire";
import { channelsIn, isHeld, methodOf, readAnswer } from "./call-reading.ts";
import { type Expectation, ReceiverModel, SenderModel, u32At, u32Bytes, Violation } from "./channel-model.ts";
import {
  CHANNELS,
  METHOD_IDS,
  MOST_CREDIT,
  type ScriptChannel,
  type ScriptMethod,
} from "./script-service.ts";

/** The limits that the outcomes depend on. */
export interface ModelLimits {
  readonly maxConcurrentRequests: number;
  readonly maxQueuedCalls: number;
  readonly maxChannelsPerConnection: number;
  readonly maxUnboundBytes: number;
  readonly minUnboundItems: number;
}

/** What connections of one session have in common. */
export interface ConnectionSurroundings extends Expectation {
  readonly limits: ModelLimits;
  nowMs(): number;
  /** A handler begins to run. */
  started(handler: HandlerModel): void;
  /** A call of ours is made that the application can abort. */
  nextCall(): number;
}

/** A call of the counterpart whose handler has not settled. */
export interface HandlerModel {
  readonly number: number;
  readonly connection: ConnectionModel;
  readonly id: Id;
  readonly method: ScriptMethod;
  readonly deadlineMs: number | undefined;
  readonly ends: readonly (ReceiverModel | SenderModel)[];
  isAnswered: boolean;
}

/** A call of ours. */
export interface CallModel {
  readonly number: number;
  readonly connection: ConnectionModel;
  readonly method: ScriptMethod;
  readonly n: number;
  state: "queued" | "sent" | "over";
  isGivenUp: boolean;
  ends: readonly (ReceiverModel | SenderModel)[];
}

interface Early {
  readonly items: Uint8Array[];
  isOverflowing: boolean;
  isClosed: boolean;
  isReset: boolean;
  credit: number;
}

const UNKNOWN_METHOD = Uint8Array.of(1, 1);
const INVALID_PAYLOAD = Uint8Array.of(1, 2);
const CANCELLED = Uint8Array.of(1, 3);

export function isOdd(id: Id): boolean {
  return BigInt(id) % 2n === 1n;
}

/** One connection as the contract has it: what messages and the application's acts lead to. */
export class ConnectionModel {
  readonly id: Id;
  readonly parity: Parity;
  /** Calls the counterpart takes. */
  readonly #theirLimit: number;
  readonly #around: ConnectionSurroundings;
  readonly handlers = new Map<Id, HandlerModel>();
  readonly queue = new Map<Id, { readonly call: RequestCall; readonly arrivedMs: number }>();
  #running = 0;
  readonly channels = new Map<Id, ReceiverModel | SenderModel>();
  readonly #early = new Map<Id, Early>();
  readonly endedChannels = new Set<Id>();
  readonly calls = new Map<Id, CallModel>();
  readonly waitingCalls: CallModel[] = [];
  #nextCallId: number;
  #nextChannelId: number;
  #slots = 0;
  isOver = false;

  constructor(id: Id, parity: Parity, theirLimit: number, around: ConnectionSurroundings) {
    this.id = id;
    this.parity = parity;
    this.#theirLimit = theirLimit;
    this.#around = around;
    this.#nextCallId = parity === "odd" ? 1 : 2;
    this.#nextChannelId = this.#nextCallId;
  }

  /** Of ours, not used yet. */
  get nextCallId(): number {
    return this.#nextCallId;
  }

  #isTheirs(id: Id): boolean {
    return id !== 0 && isOdd(id) !== (this.parity === "odd");
  }

  /** @throws Violation */
  onMessage(message: ConnectionMessage): void {
    switch (message.tag) {
      case "RequestCall":
        return this.#onCall(message);
      case "RequestCancel":
        return this.#onCancel(message.id);
      case "RequestResponse":
        return this.#onResponse(message);
      case "ChannelItem":
        return this.#onItem(message);
      case "ChannelClose":
        return this.#onClose(message);
      case "ChannelReset":
        return this.#onReset(message);
      case "ChannelGrantCredit":
        return this.#onGrant(message);
    }
  }

  #onCall(call: RequestCall): void {
    const { limits } = this.#around;
    if (!this.#isTheirs(call.id) || this.handlers.has(call.id) || this.queue.has(call.id)) {
      throw new Violation("rpc.request.id-allocation");
    }
    if (this.#running < limits.maxConcurrentRequests) return this.#serve(call, this.#around.nowMs());
    if (this.queue.size >= 2 * limits.maxConcurrentRequests) {
      throw new Violation("rpc.flow-control.max-concurrent-requests");
    }
    this.queue.set(call.id, { call, arrivedMs: this.#around.nowMs() });
  }

  #answer(id: Id, ret: Uint8Array): void {
    const { id: connectionId } = this;
    this.#around.out({
      tag: "RequestResponse",
      connectionId,
      id,
      channels: [],
      metadata: Metadata.EMPTY,
      ret,
    });
  }

  #serve(call: RequestCall, arrivedMs: number): void {
    const method = methodOf(call);
    const args = call.args as Uint8Array;
    if (method === undefined) return this.#dismiss(call, UNKNOWN_METHOD);
    const wanted = channelsIn(method, args);
    const isRoomLeft =
      this.channels.size + call.channels.length <= this.#around.limits.maxChannelsPerConnection;
    if (
      wanted === undefined ||
      wanted.length !== call.channels.length ||
      (wanted.length > 0 && !isRoomLeft)
    ) {
      return this.#dismiss(call, INVALID_PAYLOAD);
    }
    const timeoutMs = call.metadata.get("request-timeout-ms");
    const deadlineMs = typeof timeoutMs === "bigint" ? arrivedMs + Number(timeoutMs) : undefined;
    const isExpired = deadlineMs !== undefined && deadlineMs <= this.#around.nowMs();
    const number = isHeld(method) && !isExpired ? this.#around.nextCall() : 0;
    const ends = this.#bindAll(call, wanted, number);
    if (isExpired) {
      this.#answer(call.id, CANCELLED);
      return endAll(ends);
    }
    const n = u32At(args) ?? 0;
    if (method === "echo") return this.#answer(call.id, Uint8Array.of(0, ...u32Bytes(n)));
    if (method === "fail") return this.#answer(call.id, n % 2 === 0 ? userError() : CANCELLED);
    this.#running++;
    const { id } = call;
    const handler = { number, connection: this, id, method, deadlineMs, ends, isAnswered: false };
    this.handlers.set(id, handler);
    this.#around.started(handler);
  }

  #bindAll(
    call: RequestCall,
    wanted: readonly ScriptChannel[],
    number: number,
  ): (ReceiverModel | SenderModel)[] {
    return wanted.map(({ direction, credit, name }, index) => {
      const id = call.channels[index] as Id;
      if (!this.#isTheirs(id) || this.channels.has(id) || this.endedChannels.has(id)) {
        throw new Violation("rpc.channel.allocation");
      }
      return this.#bindEnd(id, direction === "rx" ? "receiver" : "sender", credit, `${number}.${name}`);
    });
  }

  #bindEnd(id: Id, kind: "receiver" | "sender", credit: number, label: string): ReceiverModel | SenderModel {
    const onOver = () => {
      this.channels.delete(id);
      if (this.#isTheirs(id)) this.endedChannels.add(id);
    };
    const place = { connectionId: this.id, id, label, expect: this.#around, onOver };
    const end = kind === "receiver" ? new ReceiverModel(place, credit) : new SenderModel(place, credit);
    this.channels.set(id, end);
    const early = this.#early.get(id);
    this.#early.delete(id);
    if (early === undefined) return end;
    if (end instanceof SenderModel) {
      end.grant(early.credit);
      if (early.isReset) end.fail("channel-reset");
      return end;
    }
    for (const item of early.items) end.item(item);
    if (early.isOverflowing) end.reset();
    else if (early.isClosed) end.finish("closed-by-sender");
    else if (early.isReset) end.finish("channel-reset");
    return end;
  }

  #dismiss({ id, channels }: RequestCall, body: Uint8Array): void {
    for (const channel of channels) this.#abandon(channel);
    this.#answer(id, body);
  }

  /** @returns false if nothing was to be abandoned */
  #abandon(id: Id): boolean {
    if (!this.#isTheirs(id) || this.channels.has(id) || this.endedChannels.has(id)) return false;
    this.#early.delete(id);
    this.endedChannels.add(id);
    return true;
  }

  #onCancel(id: Id): void {
    const queued = this.queue.get(id);
    if (queued !== undefined) {
      this.queue.delete(id);
      this.#answer(id, CANCELLED);
      for (const channel of queued.call.channels) {
        if (!this.#abandon(channel)) continue;
        this.#around.out({
          tag: "ChannelReset",
          connectionId: this.id,
          id: channel,
          metadata: Metadata.EMPTY,
        });
      }
      return;
    }
    const handler = this.handlers.get(id);
    if (handler !== undefined) this.cancel(handler);
  }

  /** By its caller, or because its time is over. The handler runs on and counts. */
  cancel(handler: HandlerModel): void {
    this.handlers.delete(handler.id);
    handler.isAnswered = true;
    this.#around.tell(`${handler.number} aborted`);
    this.#answer(handler.id, CANCELLED);
  }

  /** The application is done with a call. */
  settle(handler: HandlerModel, how: "ok" | "user" | "throw"): void {
    if (this.isOver) return;
    if (!handler.isAnswered) {
      this.handlers.delete(handler.id);
      const isUser = how === "user" && handler.method === "hold";
      const ok = Uint8Array.of(0, ...u32Bytes(handler.number));
      this.#answer(handler.id, how === "ok" ? ok : isUser ? userError() : CANCELLED);
    }
    this.#running--;
    this.#serveQueue();
    endAll(handler.ends);
  }

  #serveQueue(): void {
    for (const [id, { call, arrivedMs }] of this.queue) {
      if (this.#running >= this.#around.limits.maxConcurrentRequests) break;
      this.queue.delete(id);
      this.#serve(call, arrivedMs);
    }
  }

  /** The application makes a call. */
  call(method: ScriptMethod, n: number): CallModel {
    const number = this.#around.nextCall();
    const call: CallModel = {
      number,
      connection: this,
      method,
      n,
      state: "over",
      isGivenUp: false,
      ends: [],
    };
    if (this.#slots < this.#theirLimit) this.#send(call);
    else if (this.#theirLimit === 0 || this.waitingCalls.length >= this.#around.limits.maxQueuedCalls) {
      this.#around.tell(`${number} queue-full`);
    } else {
      call.state = "queued";
      this.waitingCalls.push(call);
    }
    return call;
  }

  #send(call: CallModel): void {
    const channels = CHANNELS[call.method];
    if (this.channels.size + channels.length > this.#around.limits.maxChannelsPerConnection) {
      call.state = "over";
      return this.#around.tell(`${call.number} too-large`);
    }
    this.#slots++;
    call.ends = channels.map(({ direction, credit, name }) => {
      const id = this.#nextChannelId;
      this.#nextChannelId += 2;
      return this.#bindEnd(id, direction === "rx" ? "sender" : "receiver", credit, `${call.number}.${name}`);
    });
    const id = this.#nextCallId;
    this.#nextCallId += 2;
    const methodId = METHOD_IDS.get(call.method) ?? 0n;
    this.#around.out({
      tag: "RequestCall",
      connectionId: this.id,
      id,
      methodLo: Number(methodId & 0xffff_ffffn),
      methodHi: Number(methodId >> 32n),
      channels: call.ends.map((end) => end.id),
      metadata: Metadata.EMPTY,
      args: channels.length > 0 ? new Uint8Array() : u32Bytes(call.n),
    });
    call.state = "sent";
    this.calls.set(id, call);
  }

  /** The application does not want the answer any more. */
  giveUp(call: CallModel): void {
    if (call.state === "over" || call.isGivenUp) return;
    call.isGivenUp = true;
    if (call.state === "queued") {
      call.state = "over";
      this.waitingCalls.splice(this.waitingCalls.indexOf(call), 1);
    } else {
      const [id] = [...this.calls].find(([, one]) => one === call) as [Id, CallModel];
      this.#around.out({ tag: "RequestCancel", connectionId: this.id, id, metadata: Metadata.EMPTY });
    }
    this.#around.tell(`${call.number} aborted`);
  }

  #onResponse({ id, ret }: RequestResponse): void {
    const call = this.calls.get(id);
    if (call === undefined) {
      if (typeof id === "number" && id > 0 && id < this.#nextCallId && !this.#isTheirs(id)) return;
      throw new Violation("rpc.response.one-per-request");
    }
    this.calls.delete(id);
    call.state = "over";
    this.#slots--;
    if (!call.isGivenUp) {
      const answer = readAnswer(call.method, ret as Uint8Array);
      this.#around.tell(`${call.number} ${answer}`);
      if (answer === "unknown-method" || answer === "invalid-payload") failAll(call.ends, answer);
    }
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    while (this.#slots < this.#theirLimit) {
      const next = this.waitingCalls.shift();
      if (next === undefined) return;
      this.#send(next);
    }
  }

  #onItem({ id, item }: ChannelItem): void {
    const end = this.channels.get(id);
    const bytes = item as Uint8Array;
    if (end instanceof SenderModel) throw new Violation("rpc.channel.direction");
    if (end !== undefined) return end.item(bytes);
    const early = this.#earlyOf(id);
    if (early === undefined || early.isOverflowing) return;
    const { limits } = this.#around;
    if (early.items.length >= Math.max(limits.minUnboundItems, MOST_CREDIT)) {
      early.items.length = 0;
      early.isOverflowing = true;
      return;
    }
    early.items.push(bytes);
    const held = [...this.#early.values()].flatMap(({ items }) => items.map(({ length }) => length));
    if (held.reduce((sum, length) => sum + length, 0) > limits.maxUnboundBytes) {
      throw new Violation("session.x.limits");
    }
  }

  /** Undefined for ids that no Call will bring. */
  #earlyOf(id: Id): Early | undefined {
    if (!this.#isTheirs(id) || this.endedChannels.has(id)) return undefined;
    let early = this.#early.get(id);
    if (early === undefined) {
      if (this.#early.size >= this.#around.limits.maxChannelsPerConnection) {
        throw new Violation("rpc.x.prebind");
      }
      early = { items: [], isOverflowing: false, isClosed: false, isReset: false, credit: 0 };
      this.#early.set(id, early);
    }
    return early;
  }

  #onClose({ id }: ChannelClose): void {
    const end = this.channels.get(id);
    if (end instanceof SenderModel) throw new Violation("rpc.channel.direction");
    if (end !== undefined) return end.finish("closed-by-sender");
    const early = this.#earlyOf(id);
    if (early !== undefined) early.isClosed = true;
  }

  #onReset({ id }: ChannelReset): void {
    const end = this.channels.get(id);
    if (end instanceof SenderModel) return end.fail("channel-reset");
    if (end !== undefined) return end.finish("channel-reset");
    const early = this.#earlyOf(id);
    if (early !== undefined) early.isReset = true;
  }

  #onGrant({ id, additional }: ChannelGrantCredit): void {
    const end = this.channels.get(id);
    if (end instanceof SenderModel) return end.grant(additional);
    if (end !== undefined) return;
    const early = this.#earlyOf(id);
    if (early !== undefined) early.credit += additional;
  }

  /** Everything on it settles. */
  fail(code: string): void {
    this.isOver = true;
    for (const call of [...this.calls.values(), ...this.waitingCalls]) {
      if (!call.isGivenUp) this.#around.tell(`${call.number} ${code}`);
      call.state = "over";
    }
    failAll([...this.channels.values()], code);
    for (const handler of this.handlers.values()) this.#around.tell(`${handler.number} aborted`);
  }
}

function userError(): Uint8Array {
  return Uint8Array.of(1, 0, 2, 0x6e, 0x6f);
}

/** The handler is done: senders close, receivers reset. */
function endAll(ends: readonly (ReceiverModel | SenderModel)[]): void {
  for (const end of ends) {
    if (end instanceof SenderModel) end.close();
    else end.reset();
  }
}

function failAll(ends: readonly (ReceiverModel | SenderModel)[], code: string): void {
  for (const end of ends) {
    if (end instanceof SenderModel) end.fail(code);
    else end.finish(code);
  }
}
