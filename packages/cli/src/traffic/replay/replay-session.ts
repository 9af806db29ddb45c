import { setTimeout as sleep } from "node:timers/promises";
import { Introspection } from "roam/introspection";
import type { ChannelNode, MethodDescriptor } from "roam/schema";
import type { Id, Message } from "roam/wire";
import { EXIT } from "../../exit-codes.ts";
import { Failure } from "../../failure.ts";
import { counted } from "../counted.ts";
import { decodeAnswer, decodeArgs, decodeItem } from "../decode-body.ts";
import { idText, type MethodIndex, methodName } from "../method-index.ts";
import { type ComparedPayloads, comparePayloads } from "./compare-payloads.ts";
import type { Counterpart } from "./counterpart.ts";
import type { InitialCredit } from "./initial-credit.ts";
import type { Difference, ReplayReport } from "./replay-report.ts";

/** What all sessions of a replay have in common. */
export interface ReplaySetting {
  readonly index: MethodIndex;
  readonly credit: InitialCredit;
  readonly report: ReplayReport;
  /** Names of fields that may differ. */
  readonly ignored: ReadonlySet<string>;
  /** Longest wait for anything that the capture has next (ms). */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Call {
  readonly method: string;
  readonly descriptor: MethodDescriptor | undefined;
  isCancelled: boolean;
  /** What comes of it is chance: it was cancelled, or asks how things are going. */
  isChance: boolean;
}

interface Channel {
  /** There: of a call back it is another one than in the capture. */
  readonly id: Id;
  readonly connection: Id;
  readonly call: Call;
  readonly name: string;
  readonly node: ChannelNode | undefined;
  /** Items that may be sent before the first grant. */
  readonly initialCredit: number;
  sent: number;
  received: number;
  /** Nothing more is expected on it. */
  isOver: boolean;
}

type Of<Tag extends Message["tag"]> = Extract<Message, { tag: Tag }>;

/**
 * Plays the side that dialled, in the order of the capture: what it sent is sent, what was
 * received is awaited and compared. So a call is made when the answers that came before it have
 * come, and as many are in flight as were then.
 */
export class ReplaySession {
  readonly number: number;
  readonly counterpart: Counterpart;
  readonly #setting: ReplaySetting;
  readonly #calls = new Map<string, Call>();
  readonly #channels = new Map<string, Channel>();
  /** Calls back, and connections that the peer opened: ids of the capture to ids there. */
  readonly #calledBack = new Map<string, Id>();
  readonly #opened = new Map<Id, Id>();
  readonly #missing = new Set<Id>();
  readonly #limits = new Map<Id, number>();
  readonly #inFlight = new Map<Id, number>();
  #line = 0;
  #isOver = false;

  constructor(number: number, counterpart: Counterpart, setting: ReplaySetting) {
    this.number = number;
    this.counterpart = counterpart;
    this.#setting = setting;
  }

  /** @param line its number in the file */
  async play(message: Message, from: "initiator" | "acceptor", line: number): Promise<void> {
    this.#line = line;
    if (this.#checkEnd() || this.#missing.has(message.connectionId)) {
      this.#setting.report.counts.skipped++;
      return;
    }
    await (from === "initiator" ? this.#send(message) : this.#expect(message));
  }

  /** The session is over in the capture. */
  async end(line: number): Promise<void> {
    this.#line = line;
    this.#checkEnd();
    for (const call of this.counterpart.unexpectedCalls) {
      const id = idText(call.methodLo, call.methodHi);
      this.#differ({
        method: methodName(id, this.#setting.index),
        what: "called back, of which the capture has nothing",
      });
    }
    await this.counterpart.close();
  }

  async #send(message: Message): Promise<void> {
    switch (message.tag) {
      case "Hello":
      case "ConnectionOpen":
        return this.counterpart.send(message);
      case "ConnectionAccept":
      case "ConnectionReject":
      case "ConnectionClose":
        return this.#sendOn(message);
      case "RequestCall":
        return this.#sendCall(message);
      case "RequestResponse": {
        const key = keyOf(message);
        const id = this.#calledBack.get(key);
        if (id === undefined) return this.#skip();
        this.#calledBack.delete(key);
        this.#calls.delete(key);
        return this.#sendOn({ ...message, id });
      }
      case "RequestCancel": {
        const call = this.#calls.get(keyOf(message));
        if (call !== undefined) {
          call.isCancelled = true;
          call.isChance = true;
          this.#setting.report.counts.cancelled++;
        }
        return this.#sendOn(message);
      }
      case "ChannelItem":
      case "ChannelClose":
      case "ChannelReset":
      case "ChannelGrantCredit":
        return this.#sendToChannel(message);
    }
  }

  #sendOn(message: Message): Promise<void> {
    return this.counterpart.send({ ...message, connectionId: this.#there(message.connectionId) });
  }

  async #sendCall(message: Of<"RequestCall">): Promise<void> {
    const connection = this.#there(message.connectionId);
    const limit = this.#limits.get(message.connectionId) ?? Number.POSITIVE_INFINITY;
    const inFlight = this.#inFlight.get(connection) ?? 0;
    const hasRoom = () => inFlight - this.counterpart.waitingAnswers(connection) < limit || undefined;
    if ((await this.#until(hasRoom)) === undefined) {
      this.#differ({ what: `takes no more calls: ${limit} are in flight` });
      return this.#skip();
    }
    this.#inFlight.set(connection, inFlight + 1);
    this.#enter(message, message.channels, connection);
    this.#setting.report.counts.calls++;
    await this.#sendOn(message);
  }

  /** @param there its channels where they have other ids */
  #enter(message: Of<"RequestCall">, there: readonly Id[], connection: Id): void {
    const { index, credit } = this.#setting;
    const id = idText(message.methodLo, message.methodHi);
    const descriptor = index.get(id);
    const call: Call = {
      method: methodName(id, index),
      descriptor,
      isCancelled: false,
      isChance: descriptor?.service === Introspection.name,
    };
    this.#calls.set(keyOf(message), call);
    const args = descriptor && decodeArgs(descriptor, message.args as Uint8Array);
    for (const [at, channel] of message.channels.entries()) {
      const node = args?.channels[at];
      this.#channels.set(`${message.connectionId}/${channel}`, {
        id: there[at] ?? channel,
        connection,
        call,
        name: node?.name ?? `channel ${at + 1}`,
        node,
        initialCredit: node?.credit ?? credit.of(id, at),
        sent: 0,
        received: 0,
        isOver: false,
      });
    }
  }

  async #sendToChannel(
    message: Of<"ChannelItem" | "ChannelClose" | "ChannelReset" | "ChannelGrantCredit">,
  ): Promise<void> {
    const key = keyOf(message);
    const channel = this.#channels.get(key);
    if (channel === undefined) {
      // Behind a close both are of no consequence.
      const isLate = message.tag === "ChannelGrantCredit" || message.tag === "ChannelReset";
      return isLate ? undefined : this.#skip();
    }
    if (message.tag === "ChannelItem" && !(await this.#mayTake(channel))) return this.#skip();
    if (message.tag === "ChannelItem") channel.sent++;
    // What crosses a reset on its way is chance.
    if (message.tag === "ChannelReset") channel.isOver = true;
    if (message.tag === "ChannelClose") this.#channels.delete(key);
    return this.#sendOn({ ...message, id: channel.id });
  }

  /** Waits for the credit of one more item. */
  async #mayTake(channel: Channel): Promise<boolean> {
    if (channel.isOver) return false;
    const { connection, id } = channel;
    const isReset = () => this.counterpart.isReset(connection, id);
    const hasCredit = () =>
      channel.initialCredit + this.counterpart.granted(connection, id) > channel.sent || undefined;
    if ((await this.#until(() => hasCredit() ?? (isReset() || undefined))) === undefined) {
      channel.isOver = true;
      this.#differ({ method: pathOf(channel), what: "takes no more items" });
    }
    return !channel.isOver && !isReset();
  }

  async #expect(message: Message): Promise<void> {
    switch (message.tag) {
      case "HelloYourself":
        return this.#expectHello();
      case "ConnectionAccept":
      case "ConnectionReject":
        return this.#expectOpenAnswer(message);
      case "ConnectionOpen":
        return this.#expectOpen(message);
      case "RequestCall":
        return this.#expectCall(message);
      case "RequestResponse":
        return this.#expectAnswer(message);
      case "ChannelItem":
        return this.#expectItem(message);
      case "ChannelClose":
      case "ChannelReset":
        return this.#expectChannelEnd(message);
    }
  }

  async #expectHello(): Promise<void> {
    const hello = await this.#until(() => this.counterpart.hello);
    if (hello !== undefined) {
      this.#limits.set(0, hello.settings.maxConcurrentRequests);
      return;
    }
    this.#setting.signal.throwIfAborted();
    throw new Failure(this.counterpart.end ?? "the peer does not shake hands", { exit: EXIT.peer });
  }

  async #expectOpenAnswer(message: Of<"ConnectionAccept" | "ConnectionReject">): Promise<void> {
    const { connectionId, tag } = message;
    const got = await this.#until(() => this.counterpart.takeOpenAnswer(connectionId));
    if (got?.tag !== tag) {
      this.#differ({
        what: `virtual connection ${connectionId}`,
        recorded: OPEN_ANSWERS[tag],
        got: got === undefined ? "no answer" : OPEN_ANSWERS[got.tag],
      });
    }
    if (got?.tag === "ConnectionAccept") this.#limits.set(connectionId, got.settings.maxConcurrentRequests);
    else this.#missing.add(connectionId);
  }

  async #expectOpen({ connectionId }: Of<"ConnectionOpen">): Promise<void> {
    const got = await this.#until(() => this.counterpart.takeConnection());
    if (got !== undefined) {
      this.#opened.set(connectionId, got.connectionId);
      return;
    }
    this.#missing.add(connectionId);
    this.#differ({ what: "opened no virtual connection, as it did in the capture" });
  }

  /** The peer calls back. */
  async #expectCall(message: Of<"RequestCall">): Promise<void> {
    const connection = this.#there(message.connectionId);
    const id = idText(message.methodLo, message.methodHi);
    const method = methodName(id, this.#setting.index);
    const got = await this.#until(() => this.counterpart.takeCall(connection, id));
    if (got === undefined) return this.#differ({ method, what: "did not call back" });
    this.#calledBack.set(keyOf(message), got.id);
    this.#enter(message, got.channels, connection);
    const descriptor = this.#setting.index.get(id);
    this.#compare(message.args as Uint8Array, got.args as Uint8Array, {
      method,
      what: "arguments of the call back",
      decode: (bytes) => descriptor && decodeArgs(descriptor, bytes)?.json,
    });
  }

  async #expectAnswer(message: Of<"RequestResponse">): Promise<void> {
    const key = keyOf(message);
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    const connection = this.#there(message.connectionId);
    if (call === undefined) return this.#skip();
    const take = () => this.counterpart.takeAnswer(connection, message.id);
    if (!call.isCancelled) await this.#grantOneMore(call);
    const got = await (call.isCancelled ? take() : this.#until(take));
    this.#inFlight.set(connection, (this.#inFlight.get(connection) ?? 1) - 1);
    if (call.isChance) return;
    const { method, descriptor } = call;
    if (got === undefined) return this.#notAnswered(call);
    this.#setting.report.counts.answers++;
    this.#compare(message.ret as Uint8Array, got.ret as Uint8Array, {
      method,
      what: "answer",
      decode(bytes) {
        const answer = decodeAnswer(descriptor, bytes);
        if (answer === undefined) return undefined;
        if (answer.kind === "failure") return { failure: answer.code };
        // Without a schema only the bytes can be told.
        return descriptor === undefined ? undefined : { [answer.kind]: answer.value ?? null };
      },
    });
  }

  /**
   * It was answered with the credit that it had. One who has more to send is given room for one
   * item, which then tells of it, or would wait for ever.
   */
  async #grantOneMore(call: Call): Promise<void> {
    for (const { call: owner, connection, id, node, isOver, received } of this.#channels.values()) {
      const isOurs = node === undefined ? received > 0 : node.direction === "tx";
      if (owner !== call || isOver || !isOurs) continue;
      await this.counterpart.send({
        tag: "ChannelGrantCredit",
        connectionId: connection,
        id,
        additional: 1,
      });
    }
  }

  /** A handler may wait for credit of items that the capture has nothing of. */
  #notAnswered(call: Call): void {
    for (const channel of this.#channels.values()) {
      if (channel.call !== call || channel.isOver) continue;
      const extra = this.counterpart.waitingItems(channel.connection, channel.id);
      if (extra === 0) continue;
      channel.isOver = true;
      this.#differ({ method: pathOf(channel), what: `${counted(extra, "item")} more than in the capture` });
    }
    this.#differ({ method: call.method, what: "was not answered" });
  }

  async #expectItem(message: Of<"ChannelItem">): Promise<void> {
    const channel = this.#channels.get(keyOf(message));
    if (channel === undefined) return this.#skip();
    if (channel.isOver || channel.call.isChance) return;
    const { node } = channel;
    const got = await this.#until(() => this.counterpart.takeEvent(channel.connection, channel.id));
    const method = pathOf(channel);
    if (got?.kind !== "item") {
      channel.isOver = true;
      const what = got === undefined ? "an item did not come" : `ended by a ${got.kind}, an item is missing`;
      return this.#differ({ method, what });
    }
    channel.received++;
    this.#setting.report.counts.items++;
    this.#compare(message.item as Uint8Array, got.payload, {
      method,
      what: "item",
      decode: (bytes) => node && wrapped(decodeItem(node, bytes)),
    });
  }

  async #expectChannelEnd(message: Of<"ChannelClose" | "ChannelReset">): Promise<void> {
    const key = keyOf(message);
    const channel = this.#channels.get(key);
    if (channel === undefined) return;
    this.#channels.delete(key);
    if (channel.isOver || channel.call.isChance) return;
    const take = () => this.counterpart.takeEvent(channel.connection, channel.id);
    let got = await this.#until(take);
    let extra = 0;
    for (; got?.kind === "item"; got = await this.#until(take)) extra++;
    const method = pathOf(channel);
    if (extra > 0) this.#differ({ method, what: `${counted(extra, "item")} more than in the capture` });
    const [recorded, end] = [message.tag === "ChannelClose" ? "close" : "reset", got?.kind];
    if (end !== recorded) this.#differ({ method, what: "end of the channel", recorded, got: end ?? "none" });
  }

  #compare(
    recorded: Uint8Array,
    got: Uint8Array,
    about: { method: string; what: string; decode(bytes: Uint8Array): unknown },
  ): void {
    const { method, what, decode } = about;
    const compared: ComparedPayloads | undefined = comparePayloads(
      recorded,
      got,
      decode,
      this.#setting.ignored,
    );
    if (compared !== undefined) this.#differ({ method, what, ...compared });
  }

  /** Longest for the peer, but no longer than it lives. */
  #until<T>(look: () => T | undefined): Promise<T | undefined> {
    return this.counterpart.until(look, this.#setting.timeoutMs, this.#setting.signal);
  }

  #there(connection: Id): Id {
    return this.#opened.get(connection) ?? connection;
  }

  #skip(): void {
    this.#setting.report.counts.skipped++;
  }

  /** True once the peer is gone before its time, which is told once. */
  #checkEnd(): boolean {
    const { end } = this.counterpart;
    if (end === undefined || this.#isOver) return this.#isOver;
    this.#isOver = true;
    if (this.#calls.size > 0) this.#differ({ what: `the session is over: ${end}` });
    return true;
  }

  #differ(difference: Omit<Difference, "line" | "session">): void {
    // What is missing when everything was stopped is no news.
    if (this.#setting.signal.aborted) return;
    this.#setting.report.differ({ line: this.#line, session: this.number, ...difference });
  }
}

const OPEN_ANSWERS = { ConnectionAccept: "accepted", ConnectionReject: "rejected" } as const;

function keyOf({ connectionId, id }: { readonly connectionId: Id; readonly id: Id }): string {
  return `${connectionId}/${id}`;
}

function pathOf({ call, name }: Channel): string {
  return `${call.method}.${name}`;
}

function wrapped(item: { readonly value: unknown } | undefined): unknown {
  return item && { item: item.value };
}

/** Waits as the capture did. */
export async function untilTime(ms: number, startedMs: number, signal: AbortSignal): Promise<void> {
  const left = startedMs + ms - performance.now();
  if (left > 1) await sleep(left, undefined, { signal }).catch(() => {});
}
