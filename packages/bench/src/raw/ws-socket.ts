import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { carriesBytes } from "./frame-kind.ts";
import { FRAME_HEADER_BYTES, HIGH_WATER_BYTES, type RawSocket } from "./raw-socket.ts";

/** Frames as messages of the `ws` package, those of one turn in one write. */
export class WsSocket implements RawSocket {
  onNumber: RawSocket["onNumber"] = () => {};
  onBytes: RawSocket["onBytes"] = () => {};
  readonly #ws: WebSocket;
  readonly #tcp: Socket;
  #isCorked = false;
  #isFlushed = false;
  #onDrain: (() => void)[] = [];

  constructor(ws: WebSocket, tcp: Socket) {
    this.#ws = ws;
    this.#tcp = tcp;
    tcp.setNoDelay(true);
    ws.on("message", (data: Buffer) => {
      const kind = data[0] as number;
      const id = data.readUInt32LE(1);
      if (carriesBytes(kind)) this.onBytes(kind, id, data.subarray(FRAME_HEADER_BYTES));
      else this.onNumber(kind, id, data.readUInt32LE(FRAME_HEADER_BYTES));
    });
    ws.on("error", () => ws.terminate());
  }

  sendNumber(kind: number, id: number, value: number, bodyBytes: number): boolean {
    const frame = this.#frame(kind, id, bodyBytes);
    frame.writeUInt32LE(value, FRAME_HEADER_BYTES);
    return this.#send(frame);
  }

  sendBytes(kind: number, id: number, bytes: Uint8Array, padding: number): boolean {
    const frame = this.#frame(kind, id, padding + bytes.length);
    frame.set(bytes, FRAME_HEADER_BYTES + padding);
    return this.#send(frame);
  }

  #frame(kind: number, id: number, bodyBytes: number): Buffer {
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + bodyBytes);
    frame[0] = kind;
    frame.writeUInt32LE(id, 1);
    return frame;
  }

  #send(frame: Buffer): boolean {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#tcp.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#tcp.uncork();
      });
    }
    this.#ws.send(frame, this.#onSent);
    return this.#ws.bufferedAmount < HIGH_WATER_BYTES;
  }

  readonly #onSent = (): void => {
    if (this.#isFlushed || this.#onDrain.length === 0) return;
    this.#isFlushed = true;
    // All messages of one write call back in one turn: the waiters go on once, behind them.
    setImmediate(() => {
      this.#isFlushed = false;
      const waiting = this.#onDrain;
      this.#onDrain = [];
      for (const resume of waiting) resume();
    });
  };

  drained(): Promise<void> {
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }

  close(): void {
    this.#ws.terminate();
  }
}
