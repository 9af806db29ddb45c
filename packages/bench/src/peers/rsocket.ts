import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { BufferEncoders, RSocketClient, RSocketServer } from "rsocket-core";
import { Flowable, Single } from "rsocket-flowable";
import tcpClient from "rsocket-tcp-client";
import tcpServer from "rsocket-tcp-server";
import type { ISubscriber, Payload, ReactiveSocket, Responder } from "rsocket-types";
import type { Credit, Peer } from "../peer.ts";
import { checkCount, isInTime } from "./streams.ts";
import type { Serving } from "./system.ts";

type Message = Payload<Buffer, Buffer>;

/** What a request is for, as its metadata. */
const NEXT = Buffer.of(0);
const ECHO = Buffer.of(1);
const HOST = "127.0.0.1";
const SETUP = {
  dataMimeType: "application/octet-stream",
  metadataMimeType: "application/octet-stream",
  keepAlive: 60_000,
  lifetime: 300_000,
};

function u32(value: number): Buffer {
  const data = Buffer.allocUnsafe(4);
  data.writeUInt32BE(value);
  return data;
}

function readU32({ data }: Message): number {
  if (data === undefined) throw new TypeError("no data");
  return data.readUInt32BE();
}

/** What is published for a request, from the first one until the time is over. */
class Items {
  readonly #durationMs: number;
  readonly #onItem: (item: Message) => void;
  readonly #onEnd: (sent: number) => void;
  #end = 0;
  #requested = 0;
  #sent = 0;
  #isOver = false;

  constructor(durationMs: number, onItem: (item: Message) => void, onEnd: (sent: number) => void) {
    this.#durationMs = durationMs;
    this.#onItem = onItem;
    this.#onEnd = onEnd;
  }

  readonly request = (count: number): void => {
    if (this.#end === 0) this.#end = performance.now() + this.#durationMs;
    this.#requested += count;
    while (this.#requested > 0 && !this.#isOver) {
      this.#requested--;
      if (isInTime(this.#sent, this.#end)) this.#onItem({ data: u32(this.#sent++) });
      else {
        this.#isOver = true;
        this.#onEnd(this.#sent);
      }
    }
  };

  readonly cancel = (): void => {
    this.#isOver = true;
  };
}

/** Takes what comes, and requests the next half of its window when one is used up. */
class Window {
  readonly #half: number;
  readonly #request: (count: number) => void;
  count = 0;
  last: Message = {};

  constructor(items: number, request: (count: number) => void) {
    this.#half = items / 2;
    this.#request = request;
    request(items);
  }

  take(item: Message): void {
    this.last = item;
    this.count++;
    if (this.count % this.#half === 0) this.#request(this.#half);
  }
}

/** Items, and their count behind them. */
function down(durationMs: number): Flowable<Message> {
  return new Flowable((subscriber: ISubscriber<Message>) => {
    const onEnd = (sent: number) => {
      subscriber.onNext({ data: u32(sent) });
      subscriber.onComplete();
    };
    subscriber.onSubscribe(new Items(durationMs, (item) => subscriber.onNext(item), onEnd));
  });
}

/** The window of the stream, and items behind it. */
function up(durationMs: number, window: number, onEnd: (sent: number) => void): Flowable<Message> {
  return new Flowable((subscriber: ISubscriber<Message>) => {
    let isOpen = false;
    const items = new Items(
      durationMs,
      (item) => subscriber.onNext(item),
      (sent) => {
        onEnd(sent);
        subscriber.onComplete();
      },
    );
    const request = (count: number) => {
      if (!isOpen) subscriber.onNext({ data: u32(window) });
      const forItems = isOpen ? count : count - 1;
      isOpen = true;
      if (forItems > 0) items.request(forItems);
    };
    subscriber.onSubscribe({ request, cancel: items.cancel });
  });
}

/** The count of the items that come behind the window of the stream. */
function countOf(payloads: Flowable<Message>): Flowable<Message> {
  return new Flowable((answer: ISubscriber<Message>) => {
    let request: (count: number) => void = () => {};
    let window: Window | undefined;
    answer.onSubscribe({ request: () => {}, cancel: () => {} });
    payloads.subscribe({
      onSubscribe(subscription) {
        request = (count) => subscription.request(count);
        request(1);
      },
      onNext(item) {
        if (window === undefined) window = new Window(readU32(item), request);
        else window.take(item);
      },
      onComplete() {
        answer.onNext({ data: u32(window?.count ?? 0) });
        answer.onComplete();
      },
      onError: (error) => answer.onError(error),
    });
  });
}

const responder: Partial<Responder<Buffer, Buffer>> = {
  requestResponse({ data, metadata }: Message): Single<Message> {
    if (data === undefined) return Single.error(new TypeError("no data"));
    return Single.of({ data: metadata?.[0] === NEXT[0] ? u32(data.readUInt32BE() + 1) : data });
  },
  requestStream: (payload) => down(readU32(payload)),
  requestChannel: countOf,
};

export async function serve(): Promise<Serving> {
  const listeners: Server[] = [];
  const transport = new tcpServer.default(
    {
      host: HOST,
      port: 0,
      serverFactory(onConnection) {
        const listener = createServer({ noDelay: true }, onConnection);
        listeners.push(listener);
        return listener;
      },
    },
    BufferEncoders,
  );
  new RSocketServer({ transport, getRequestHandler: () => responder }).start();
  const [listener] = listeners;
  if (listener === undefined) throw new Error("it does not listen");
  await once(listener, "listening");
  return {
    address: String((listener.address() as AddressInfo).port),
    close: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

export async function open(address: string): Promise<Peer> {
  const options = { host: HOST, port: Number(address), noDelay: true };
  const transport = new tcpClient.default(options, BufferEncoders);
  const connected = new RSocketClient<Buffer, Buffer>({ setup: SETUP, transport }).connect();
  return new RsocketPeer(await answerTo(connected));
}

function answerTo<T>(single: Single<T>): Promise<T> {
  return new Promise((onComplete, onError) => single.subscribe({ onComplete, onError }));
}

class RsocketPeer implements Peer {
  readonly #socket: ReactiveSocket<Buffer, Buffer>;

  constructor(socket: ReactiveSocket<Buffer, Buffer>) {
    this.#socket = socket;
  }

  async call(value: number): Promise<number> {
    return readU32(await answerTo(this.#socket.requestResponse({ data: u32(value), metadata: NEXT })));
  }

  async echo(payload: Uint8Array): Promise<number> {
    const data = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    const answer = await answerTo(this.#socket.requestResponse({ data, metadata: ECHO }));
    return answer.data?.length ?? 0;
  }

  receive(durationMs: number, credit: Credit): Promise<number> {
    return new Promise((resolve, reject) => {
      let window: Window | undefined;
      this.#socket.requestStream({ data: u32(Math.ceil(durationMs)) }).subscribe({
        onSubscribe(subscription) {
          window = new Window(credit, (count) => subscription.request(count));
        },
        onNext: (item) => window?.take(item),
        onComplete() {
          // The last one was their count.
          resolve(checkCount(readU32(window?.last ?? {}), (window?.count ?? 0) - 1));
        },
        onError: reject,
      });
    });
  }

  send(durationMs: number, credit: Credit): Promise<number> {
    return new Promise((resolve, reject) => {
      let sent = 0;
      const items = up(durationMs, credit, (count) => {
        sent = count;
      });
      this.#socket.requestChannel(items).subscribe({
        onSubscribe: (subscription) => subscription.request(1),
        onNext: (answer) => resolve(checkCount(sent, readU32(answer))),
        onError: reject,
      });
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}
