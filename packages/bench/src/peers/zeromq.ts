import { Context, Dealer, type MessageLike, Router } from "zeromq";
import { sendFor } from "../items.ts";
import type { Peer } from "../peer.ts";
import { checkCount } from "./streams.ts";
import type { Serving } from "./system.ts";

// ZeroMQ carries messages; the little that makes calls of them is here.
const NEXT = 0;
const ECHO = 1;
const RECEIVE = 2;
const ITEM = 3;
const COUNT = 4;

/** What comes first in a message, in 9 bytes: what it is for, the id of its call, a number. Bytes are a part behind. */
interface Header {
  readonly kind: number;
  readonly id: number;
  readonly value: number;
}

function encode(kind: number, id: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = kind;
  bytes.writeUInt32LE(id, 1);
  bytes.writeUInt32LE(value, 5);
  return bytes;
}

function decode(bytes: Buffer): Header {
  return { kind: bytes.readUInt8(), id: bytes.readUInt32LE(1), value: bytes.readUInt32LE(5) };
}

/** One message after the other: a socket refuses a second one while it waits. */
class Outbox {
  readonly #socket: { send(parts: MessageLike[]): Promise<void> };
  #last: Promise<void> = Promise.resolve();

  constructor(socket: { send(parts: MessageLike[]): Promise<void> }) {
    this.#socket = socket;
  }

  /** Resolves when the socket has taken it. */
  send(parts: MessageLike[]): Promise<void> {
    const send = () => this.#socket.send(parts);
    this.#last = this.#last.then(send, send);
    return this.#last;
  }
}

/** Sends until the time is over, and waits whenever the socket is full. */
function sendItems(durationMs: number, send: (header: Buffer) => Promise<void>): Promise<number> {
  return sendFor(durationMs, { send: (item) => send(encode(ITEM, 0, item)) });
}

async function answerAll(router: Router): Promise<void> {
  const outbox = new Outbox(router);
  const counts = new Map<string, number>();
  // A client that has gone needs no answer.
  const answer = (parts: MessageLike[]) => void outbox.send(parts).catch(() => {});
  for await (const [from, header, payload] of router) {
    if (from === undefined || header === undefined) continue;
    const { kind, id, value } = decode(header);
    const client = from.toString("latin1");
    switch (kind) {
      case NEXT:
        answer([from, encode(NEXT, id, value + 1)]);
        break;
      case ECHO:
        answer([from, encode(ECHO, id, 0), payload ?? null]);
        break;
      case RECEIVE:
        void sendItems(value, (item) => outbox.send([from, item]))
          .then((sent) => answer([from, encode(RECEIVE, id, sent)]))
          .catch(() => {});
        break;
      case ITEM:
        counts.set(client, (counts.get(client) ?? 0) + 1);
        break;
      case COUNT:
        answer([from, encode(COUNT, id, counts.get(client) ?? 0)]);
        counts.delete(client);
        break;
    }
  }
}

export async function serve(): Promise<Serving> {
  // Without `mandatory` it drops what a slow client does not take.
  const router = new Router({ mandatory: true, linger: 0 });
  await router.bind("tcp://127.0.0.1:*");
  const answered = answerAll(router);
  return {
    address: router.lastEndpoint ?? "",
    async close() {
      router.close();
      await answered;
    },
  };
}

/** Enough for a benchmark of many connections; the default is a thousand. */
const context = new Context({ maxSockets: 20_000 });

export async function open(address: string): Promise<Peer> {
  const dealer = new Dealer({ context, linger: 0 });
  dealer.connect(address);
  const peer = new ZeromqPeer(dealer);
  await peer.call(0);
  return peer;
}

type Answer = readonly [value: number, payload: Buffer | undefined];

class ZeromqPeer implements Peer {
  readonly #dealer: Dealer;
  readonly #outbox: Outbox;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #received: Promise<void>;
  #nextId = 0;
  #items = 0;

  constructor(dealer: Dealer) {
    this.#dealer = dealer;
    this.#outbox = new Outbox(dealer);
    this.#received = this.#receiveAll();
  }

  async #receiveAll(): Promise<void> {
    for await (const [header, payload] of this.#dealer) {
      if (header === undefined) continue;
      const { kind, id, value } = decode(header);
      if (kind === ITEM) this.#items++;
      else {
        this.#waiting.get(id)?.([value, payload]);
        this.#waiting.delete(id);
      }
    }
  }

  #ask(kind: number, value: number, ...payload: Uint8Array[]): Promise<Answer> {
    const id = this.#nextId;
    this.#nextId = (id + 1) >>> 0;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.#outbox.send([encode(kind, id, value), ...payload]).catch(reject);
    });
  }

  async call(value: number): Promise<number> {
    const [successor] = await this.#ask(NEXT, value);
    return successor;
  }

  async echo(payload: Uint8Array): Promise<number> {
    const [, back] = await this.#ask(ECHO, 0, payload);
    return back?.length ?? 0;
  }

  async receive(durationMs: number): Promise<number> {
    this.#items = 0;
    const [sent] = await this.#ask(RECEIVE, Math.ceil(durationMs));
    return checkCount(sent, this.#items);
  }

  async send(durationMs: number): Promise<number> {
    const sent = await sendItems(durationMs, (item) => this.#outbox.send([item]));
    const [counted] = await this.#ask(COUNT, 0);
    return checkCount(sent, counted);
  }

  async close(): Promise<void> {
    this.#dealer.close();
    await this.#received;
  }
}
