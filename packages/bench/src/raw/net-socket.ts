import type { Socket } from "node:net";
import { carriesBytes } from "./frame-kind.ts";
import { FRAME_HEADER_BYTES, GATHER_FROM, HIGH_WATER_BYTES, type RawSocket } from "./raw-socket.ts";

const PREFIX_BYTES = 4;
const BATCH_BYTES = 64 * 1024;

/** Frames on a stream, each behind its length as a u32; one write per turn. The physical limit. */
export class NetSocket implements RawSocket {
  onNumber: RawSocket["onNumber"] = () => {};
  onBytes: RawSocket["onBytes"] = () => {};
  readonly #socket: Socket;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #used = 0;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  #isFlushPending = false;
  #onDrain: (() => void)[] = [];
  #held: Buffer[] = [];
  #heldBytes = 0;
  #wantedBytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => socket.destroy());
  }

  sendNumber(kind: number, id: number, value: number, bodyBytes: number): boolean {
    const at = this.#begin(kind, id, bodyBytes, bodyBytes);
    this.#batch.writeUInt32LE(value, at);
    return this.#finish(bodyBytes);
  }

  sendBytes(kind: number, id: number, bytes: Uint8Array, padding: number): boolean {
    const bodyBytes = padding + bytes.length;
    if (bytes.length < GATHER_FROM) {
      const at = this.#begin(kind, id, bodyBytes, bodyBytes);
      this.#batch.set(bytes, at + padding);
    } else {
      this.#begin(kind, id, bodyBytes, padding);
      this.#cut(0);
      this.#pieces.push(bytes);
    }
    return this.#finish(bodyBytes);
  }

  /** Writes the header of a frame. @param room bytes of the body that go into the batch @returns where */
  #begin(kind: number, id: number, bodyBytes: number, room: number): number {
    const needed = PREFIX_BYTES + FRAME_HEADER_BYTES + room;
    if (this.#used + needed > this.#batch.length) this.#cut(BATCH_BYTES);
    const batch = this.#batch;
    let at = batch.writeUInt32LE(FRAME_HEADER_BYTES + bodyBytes, this.#used);
    batch[at++] = kind;
    at = batch.writeUInt32LE(id, at);
    this.#used = at + room;
    return at;
  }

  #finish(bodyBytes: number): boolean {
    this.#pendingBytes += PREFIX_BYTES + FRAME_HEADER_BYTES + bodyBytes;
    if (!this.#isFlushPending) {
      this.#isFlushPending = true;
      setImmediate(() => this.#flush());
    }
    return this.#socket.writableLength + this.#pendingBytes < HIGH_WATER_BYTES;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  /** What is in the batch becomes a piece; the rest of the batch goes on, if it has `least` bytes. */
  #cut(least: number): void {
    if (this.#used > 0) this.#pieces.push(this.#batch.subarray(0, this.#used));
    const rest = this.#batch.subarray(this.#used);
    this.#batch = rest.length > Math.max(least, BATCH_BYTES / 2) ? rest : Buffer.allocUnsafe(BATCH_BYTES);
    this.#used = 0;
  }

  #flush(): void {
    this.#isFlushPending = false;
    this.#cut(0);
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pendingBytes = 0;
    this.#socket.cork();
    const last = pieces.length - 1;
    for (let index = 0; index < last; index++) this.#socket.write(pieces[index] as Uint8Array);
    this.#socket.write(pieces[last] as Uint8Array, () => {
      const waiting = this.#onDrain;
      this.#onDrain = [];
      for (const resume of waiting) resume();
    });
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    let data = chunk;
    if (this.#heldBytes > 0) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < this.#wantedBytes) return;
      data = Buffer.concat(this.#held);
      this.#held = [];
      this.#heldBytes = 0;
    }
    let at = 0;
    let wanted = PREFIX_BYTES;
    while (data.length - at >= PREFIX_BYTES) {
      wanted = PREFIX_BYTES + data.readUInt32LE(at);
      if (data.length - at < wanted) break;
      const body = at + PREFIX_BYTES + FRAME_HEADER_BYTES;
      const kind = data[at + PREFIX_BYTES] as number;
      const id = data.readUInt32LE(at + PREFIX_BYTES + 1);
      if (carriesBytes(kind)) this.onBytes(kind, id, data.subarray(body, at + wanted));
      else this.onNumber(kind, id, data.readUInt32LE(body));
      at += wanted;
      wanted = PREFIX_BYTES;
    }
    if (at === data.length) return;
    this.#held.push(data.subarray(at));
    this.#heldBytes = data.length - at;
    this.#wantedBytes = wanted;
  }
}
