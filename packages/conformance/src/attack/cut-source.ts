import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { LinkSource } from "roam";
import { type ByteStream, type ByteStreamEvents, type Link, StreamLink } from "roam/link";

/** Dials TCP; each link dies when so many bytes have come by it. */
export class CutSource implements LinkSource {
  readonly #port: number;
  /** Bytes that come through, by link to come; those behind are not cut. */
  readonly cuts: number[] = [];
  dials = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async next(): Promise<Link> {
    this.dials++;
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    await once(socket, "connect");
    return new StreamLink(new CutStream(socket, this.cuts.shift() ?? Number.POSITIVE_INFINITY));
  }
}

/** A socket that breaks at a byte. */
class CutStream implements ByteStream {
  readonly #socket: Socket;
  #bytesLeft: number;
  #isOver = false;

  constructor(socket: Socket, bytesLeft: number) {
    this.#socket = socket;
    this.#bytesLeft = bytesLeft;
  }

  start(events: ByteStreamEvents): void {
    const over = (error?: Error) => {
      if (this.#isOver) return;
      this.destroy();
      events.onClosed(error);
    };
    this.#socket.on("data", (chunk) => {
      if (this.#isOver) return;
      const through = Math.min(chunk.length, this.#bytesLeft);
      this.#bytesLeft -= through;
      if (through > 0) events.onBytes(new Uint8Array(chunk.subarray(0, through)));
      if (this.#bytesLeft === 0) over(new Error("the link was cut"));
    });
    this.#socket.on("end", () => {
      if (!this.#isOver) events.onEof();
    });
    this.#socket.on("error", over).on("close", () => over());
    this.#socket.pause();
  }

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    this.#socket.write(Buffer.concat(pieces), onTaken);
  }

  end(onTaken: () => void): void {
    this.#socket.end(onTaken);
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
