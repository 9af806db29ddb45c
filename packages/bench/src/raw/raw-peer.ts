import { count, sendFor } from "../items.ts";
import type { Peer } from "../peer.ts";
import { FrameKind } from "./frame-kind.ts";
import type { ItemQueue } from "./item-queue.ts";
import { NUMBER_BYTES, type RawSocket } from "./raw-socket.ts";
import { RawSender, type RawWindow, rawReceiver } from "./raw-stream.ts";
import { CALL_BYTES, ECHO_PADDING, ECHOED_PADDING } from "./wire-sizes.ts";

/** Calls and streams by hand, with as little as can be: no types, no cancelling, no errors. */
export class RawPeer implements Peer {
  readonly #socket: RawSocket;
  readonly #window: RawWindow;
  readonly #numbers = new Map<number, (value: number) => void>();
  readonly #bytes = new Map<number, (bytes: Uint8Array) => void>();
  readonly #queues = new Map<number, ItemQueue>();
  readonly #senders = new Map<number, RawSender>();
  #nextId = 1;
  #sent = 0;

  constructor(socket: RawSocket, window: RawWindow) {
    this.#socket = socket;
    this.#window = window;
    socket.onNumber = (kind, id, value) => this.#onNumber(kind, id, value);
    socket.onBytes = (_kind, id, body) => {
      const resolve = this.#bytes.get(id);
      this.#bytes.delete(id);
      resolve?.(body.subarray(ECHOED_PADDING));
    };
  }

  #onNumber(kind: number, id: number, value: number): void {
    switch (kind) {
      case FrameKind.answer: {
        const resolve = this.#numbers.get(id);
        this.#numbers.delete(id);
        resolve?.(value);
        break;
      }
      case FrameKind.item:
        this.#queues.get(id)?.push(value);
        break;
      case FrameKind.end:
        this.#sent = value;
        this.#queues.get(id)?.end();
        break;
      case FrameKind.grant:
        this.#senders.get(id)?.grant(value);
        break;
    }
  }

  #ask(kind: number, value: number, bodyBytes: number, id = this.#nextId++): Promise<number> {
    return new Promise((resolve) => {
      this.#numbers.set(id, resolve);
      this.#socket.sendNumber(kind, id, value, bodyBytes);
    });
  }

  call(value: number): Promise<number> {
    return this.#ask(FrameKind.call, value, CALL_BYTES);
  }

  async echo(payload: Uint8Array): Promise<number> {
    const id = this.#nextId++;
    const back = await new Promise<Uint8Array>((resolve) => {
      this.#bytes.set(id, resolve);
      this.#socket.sendBytes(FrameKind.echo, id, payload, ECHO_PADDING);
    });
    return back.length;
  }

  async receive(durationMs: number): Promise<number> {
    const id = this.#nextId++;
    const queue = rawReceiver(this.#socket, id, this.#window);
    this.#queues.set(id, queue);
    this.#socket.sendNumber(FrameKind.down, id, durationMs, NUMBER_BYTES);
    const total = await count(queue);
    this.#queues.delete(id);
    if (total !== this.#sent) throw new Error(`${this.#sent} items sent, ${total} received`);
    return total;
  }

  async send(durationMs: number): Promise<number> {
    const id = this.#nextId++;
    await this.#ask(FrameKind.up, 0, NUMBER_BYTES, id);
    const sender = new RawSender(this.#socket, id, this.#window);
    this.#senders.set(id, sender);
    const sent = await sendFor(durationMs, sender);
    this.#senders.delete(id);
    const counted = await this.#ask(FrameKind.end, sent, NUMBER_BYTES, id);
    if (counted !== sent) throw new Error(`${sent} items sent, ${counted} counted`);
    return counted;
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}
