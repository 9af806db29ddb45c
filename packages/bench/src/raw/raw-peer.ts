import type { Peer } from "../peer.ts";
import { FRAME_HEADER_BYTES, type RawSocket } from "./raw-socket.ts";
import { OVERHEAD, SMALL_BYTES } from "./wire-sizes.ts";

/** What a frame is for. */
const CALL = 0;
const ANSWER = 1;
const DOWN = 2;
const UP = 3;
const ITEM = 4;
const END = 5;

/** The answer's length stands first in a call's body. */
const LENGTH_BYTES = 4;

function bodyBytes(overhead: number, content: number): number {
  return Math.max(overhead + content - FRAME_HEADER_BYTES, 0);
}

const ITEM_BODY = Buffer.alloc(bodyBytes(OVERHEAD.item, SMALL_BYTES));
const NOTHING = Buffer.alloc(0);

/** Calls and streams with as little as can be: no types, no credit, no cancelling. */
export class RawPeer implements Peer {
  readonly #socket: RawSocket;
  readonly #waiting = new Map<number, (body: Buffer) => void>();
  readonly #small = callBody(SMALL_BYTES);
  #large = callBody(0);
  #nextId = 1;
  #items = 0;

  constructor(socket: RawSocket) {
    this.#socket = socket;
    socket.onFrame = (kind, id, body) => {
      if (kind === ITEM) {
        this.#items++;
        return;
      }
      const resolve = this.#waiting.get(id);
      this.#waiting.delete(id);
      resolve?.(body);
    };
  }

  #ask(kind: number, body: Uint8Array): Promise<Buffer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(kind, id, body);
    });
  }

  call(): Promise<Buffer> {
    return this.#ask(CALL, this.#small);
  }

  async echo(payload: Uint8Array): Promise<number> {
    const wanted = bodyBytes(OVERHEAD.call, payload.length);
    if (this.#large.length !== wanted) this.#large = callBody(payload.length);
    const back = await this.#ask(CALL, this.#large);
    return back.length - bodyBytes(OVERHEAD.answer, 0);
  }

  async receive(durationMs: number): Promise<number> {
    this.#items = 0;
    const body = Buffer.alloc(8);
    body.writeDoubleLE(durationMs);
    const total = (await this.#ask(DOWN, body)).readUInt32LE();
    if (total !== this.#items) throw new Error(`${total} items sent, ${this.#items} received`);
    return total;
  }

  async send(durationMs: number): Promise<number> {
    await this.#ask(UP, NOTHING);
    const sent = await sendItems(this.#socket, durationMs);
    const counted = (await this.#ask(END, NOTHING)).readUInt32LE();
    if (counted !== sent) throw new Error(`${sent} items sent, ${counted} counted`);
    return counted;
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}

/** The body of a call with `content` bytes, which asks for as many back. */
function callBody(content: number): Buffer {
  const body = Buffer.alloc(Math.max(bodyBytes(OVERHEAD.call, content), LENGTH_BYTES));
  body.writeUInt32LE(bodyBytes(OVERHEAD.answer, content));
  return body;
}

async function sendItems(socket: RawSocket, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs;
  let count = 0;
  while (performance.now() < end) {
    count++;
    if (!socket.send(ITEM, 0, ITEM_BODY)) await socket.drained();
  }
  return count;
}

/** The serving side on one socket. */
export function serveRaw(socket: RawSocket): void {
  let items = 0;
  const answerCount = (id: number, count: number) => {
    const body = Buffer.alloc(4);
    body.writeUInt32LE(count);
    socket.send(ANSWER, id, body);
  };
  socket.onFrame = (kind, id, body) => {
    switch (kind) {
      case CALL:
        socket.send(ANSWER, id, body.subarray(0, body.readUInt32LE()));
        break;
      case DOWN:
        void sendItems(socket, body.readDoubleLE()).then((count) => answerCount(id, count));
        break;
      case UP:
        items = 0;
        answerCount(id, 0);
        break;
      case ITEM:
        items++;
        break;
      case END:
        answerCount(id, items);
        break;
    }
  };
}
