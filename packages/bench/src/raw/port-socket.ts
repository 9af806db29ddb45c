import type { MessagePort } from "node:worker_threads";
import { GATHER_FROM, type RawSocket } from "./raw-socket.ts";

/** Frames received for each word about it. */
const ACK_EVERY = 1024;
/** Frames on their way at which a sender waits. */
const WINDOW_FRAMES = 4 * ACK_EVERY;

type PortFrame = readonly [kind: number, id: number, body: number | Uint8Array];

/**
 * Frames as messages of a port, each posted as it is. A port takes whatever it is given and never
 * says that it is full: a count of frames in a thousand stands in for the backpressure of a socket.
 */
export class PortSocket implements RawSocket {
  onNumber: RawSocket["onNumber"] = () => {};
  onBytes: RawSocket["onBytes"] = () => {};
  readonly #port: MessagePort;
  #onTheirWay = 0;
  #received = 0;
  #onDrain: (() => void)[] = [];

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (frame: PortFrame | "ack") => this.#receive(frame));
  }

  sendNumber(kind: number, id: number, value: number): boolean {
    this.#port.postMessage([kind, id, value]);
    return ++this.#onTheirWay < WINDOW_FRAMES;
  }

  sendBytes(kind: number, id: number, bytes: Uint8Array, padding: number): boolean {
    const body = new Uint8Array(padding + bytes.length);
    body.set(bytes, padding);
    // The caller keeps its bytes; the copy changes hands, which saves two more.
    this.#port.postMessage([kind, id, body], body.length >= GATHER_FROM ? [body.buffer] : []);
    return ++this.#onTheirWay < WINDOW_FRAMES;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#onDrain.push(resolve));
  }

  close(): void {
    this.#port.close();
  }

  #receive(frame: PortFrame | "ack"): void {
    if (frame === "ack") {
      this.#onTheirWay -= ACK_EVERY;
      const waiting = this.#onDrain;
      this.#onDrain = [];
      for (const resume of waiting) resume();
      return;
    }
    if (++this.#received % ACK_EVERY === 0) this.#port.postMessage("ack");
    const [kind, id, body] = frame;
    if (typeof body === "number") this.onNumber(kind, id, body);
    else this.onBytes(kind, id, body);
  }
}
