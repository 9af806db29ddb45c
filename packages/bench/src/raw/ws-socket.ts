import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { FRAME_HEADER_BYTES, HIGH_WATER_BYTES, type RawSocket } from "./raw-socket.ts";

/** Frames as messages of the `ws` package, those of one turn in one write. */
export class WsSocket implements RawSocket {
  onFrame: (kind: number, id: number, body: Buffer) => void = () => {};
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
      this.onFrame(data[0] as number, data.readUInt32LE(1), data.subarray(FRAME_HEADER_BYTES));
    });
    ws.on("error", () => ws.terminate());
  }

  send(kind: number, id: number, body: Uint8Array): boolean {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#tcp.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#tcp.uncork();
      });
    }
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
    frame[0] = kind;
    frame.writeUInt32LE(id, 1);
    frame.set(body, FRAME_HEADER_BYTES);
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
