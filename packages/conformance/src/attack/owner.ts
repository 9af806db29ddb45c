import type { Session } from "roam";
import { decodeMessage, type Message, Metadata } from "roam/wire";
import { DecodeError, Reader, Writer } from "roam-postcard";
import { decodeFrame } from "../decode-frame.ts";
import { within } from "../interop/case.ts";
import { encoded } from "../replay/scene.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { Desk } from "./desk.ts";
import { frameOf, knock } from "./knock.ts";
import type { RawLink } from "./raw-link.ts";
import type { Target } from "./target.ts";

/** Longest time until all marks of an owner are answered (ms). */
const ANSWER_LIMIT_MS = 10_000;
const CLOSE: Message = { tag: "ConnectionClose", connectionId: 0, metadata: Metadata.EMPTY };

let owners = 0;

/**
 * A client that speaks the stable conduit by hand: it keeps to the rules as long as the case does,
 * and its keys can be stolen. Its numbers stay small: none comes near the wrap.
 */
export class Owner {
  readonly target: Target;
  readonly id = owners++;
  /** Keys issued to it, the newest last. */
  readonly keys: Uint8Array[] = [];
  link: RawLink;
  received: number | undefined;
  acked: number | undefined;
  sent: number | undefined;
  marks = 0;
  #session: Session | undefined;
  #requests = 0;
  #answered = 0;
  #onAnswer: () => void = () => {};
  /** Encoded messages by number, until acknowledged. */
  readonly #kept = new Map<number, Uint8Array>();

  private constructor(target: Target, link: RawLink, key: Uint8Array) {
    this.target = target;
    this.link = link;
    this.keys.push(key);
  }

  /** A session that is set up. One at a time: it takes the server's latest one for its own. */
  static async open(target: Target, link?: RawLink): Promise<Owner> {
    const its = link ?? (await target.dial());
    const hello = await knock(its);
    if (hello === undefined || hello.isRejected) throw new Difference("no new session");
    const owner = new Owner(target, its, hello.resumeKey);
    const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
    owner.send({ tag: "Hello", connectionId: 0, version: 7, settings, metadata: Metadata.EMPTY });
    const answer = await its.next("HelloYourself");
    if (answer === undefined) throw new Difference("the session was not set up");
    owner.#take(answer);
    owner.#session = target.latest;
    its.take((payload) => owner.#receive(its, payload));
    return owner;
  }

  /** The server's side. */
  get session(): Session {
    if (this.#session === undefined) throw new TypeError("the session is not set up");
    return this.#session;
  }

  get key(): Uint8Array {
    return this.keys.at(-1) as Uint8Array;
  }

  /** Numbers a message, keeps it and writes it. */
  send(message: Message): void {
    const item = encoded(message);
    const seq = (this.sent ?? -1) + 1;
    this.sent = seq;
    this.#kept.set(seq, item);
    this.link.send(frameOf(seq, this.received, item));
  }

  /** Writes a frame that is not counted as sent. */
  sendRaw(seq: number, ack: number | undefined, item: Uint8Array, link = this.link): void {
    link.send(frameOf(seq, ack, item));
  }

  call(name: string, args: Record<string, unknown>): void {
    this.send(this.request(name, args));
    this.#requests++;
  }

  /** A call, not sent. */
  request(name: string, args: Record<string, unknown>): Message {
    const method = Desk.descriptors().get(name);
    if (method === undefined) throw new TypeError(`no method ${name}`);
    const writer = new Writer();
    method.argsCodec.encode(writer, args);
    return {
      tag: "RequestCall",
      connectionId: 0,
      id: 1 + 2 * this.#requests,
      methodLo: method.idLo,
      methodHi: method.idHi,
      channels: [],
      metadata: Metadata.EMPTY,
      args: writer.finish(),
    };
  }

  /** The next number for the server's ledger. */
  mark(): void {
    this.call("mark", { owner: this.id, number: this.marks++ });
  }

  /** Waits until all calls are answered, and holds the ledger against what was marked. */
  async settle(): Promise<void> {
    while (this.#answered < this.#requests) {
      const answered = new Promise<void>((resolve) => {
        this.#onAnswer = resolve;
      });
      await within(`the answers to owner ${this.id}`, answered, ANSWER_LIMIT_MS);
    }
    const { items, doubled, outOfOrder } = this.target.log.of(this.id);
    expectEqual(
      "marks of an owner",
      { items, doubled, outOfOrder },
      { items: this.marks, doubled: 0, outOfOrder: 0 },
    );
  }

  /** The session still works. */
  async expectAlive(): Promise<void> {
    this.mark();
    await this.settle();
  }

  /**
   * Comes back by another link.
   *
   * @param from what it says to have received, and with which key, if not the truth and the newest
   * @returns false if it was refused
   */
  async resume(
    link: RawLink,
    from: { key?: Uint8Array; lastReceived?: number | undefined } = {},
  ): Promise<boolean> {
    const lastReceived = "lastReceived" in from ? from.lastReceived : this.received;
    const hello = await knock(link, { resumeKey: from.key ?? this.key, lastReceived });
    if (hello === undefined || hello.isRejected) return false;
    this.adopt(link, hello);
    return true;
  }

  /** Goes on by a link whose handshake is done. */
  adopt(
    link: RawLink,
    hello: { readonly resumeKey: Uint8Array; readonly lastReceived: number | undefined },
  ): void {
    this.keys.push(hello.resumeKey);
    this.link = link;
    if (hello.lastReceived !== undefined) this.#trim(hello.lastReceived);
    // What was written without being counted has its number all the same.
    this.sent = Math.max(this.sent ?? 0, hello.lastReceived ?? 0);
    for (const [seq, item] of this.#kept) link.send(frameOf(seq, this.received, item));
    link.take((payload) => this.#receive(link, payload));
  }

  /** The close frame, and then the end of the link. */
  async close(): Promise<void> {
    this.link.send(frameOf(this.sent ?? 0, this.received, encoded(CLOSE)));
    this.link.end();
    await this.link.untilEnd();
  }

  #receive(link: RawLink, payload: Uint8Array): void {
    if (this.link === link) this.#take(payload);
  }

  #take(payload: Uint8Array): void {
    const { seq, ack, item } = decodeFrame(payload);
    if (ack !== undefined) this.#trim(ack);
    if (seq !== (this.received ?? -1) + 1) return;
    this.received = seq;
    const message = decodedMessage(item);
    if (message?.tag !== "RequestResponse") return;
    this.#answered++;
    this.#onAnswer();
  }

  #trim(ack: number): void {
    if (this.acked !== undefined && ack <= this.acked) return;
    this.acked = ack;
    for (const seq of this.#kept.keys()) if (seq <= ack) this.#kept.delete(seq);
  }
}

function decodedMessage(item: Uint8Array): Message | undefined {
  try {
    return decodeMessage(new Reader(item));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
