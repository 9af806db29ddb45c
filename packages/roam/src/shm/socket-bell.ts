import { Socket } from "node:net";
import { RoamError } from "../errors.ts";
import type { Bell } from "./bell.ts";
import type { Native } from "./native.ts";

const RING = Uint8Array.of(1);
/** Rings that came together are one (bytes). */
const READ_BYTES = 4 * 1024;

/** A bell that is one end of a pair of stream sockets; the kernel closes it when its process dies. */
// r[impl shm.signal.doorbell]
export class SocketBell implements Bell {
  readonly #native: Native;
  readonly #socket: Socket;
  // A descriptor of its own: the socket's may be another file's by the time that its end is told.
  #ringer: number | undefined;
  #onRung: (() => void) | undefined;
  #onGone: ((cause?: RoamError) => void) | undefined;
  #error: Error | undefined;
  #isGone = false;
  /** Resolves when the other side is gone, even after this one was closed. */
  readonly gone: Promise<void>;

  /** @param descriptor of the socket, which is this bell's from now on */
  constructor(native: Native, descriptor: number) {
    this.#native = native;
    this.#ringer = native.duplicate(descriptor);
    // Into one buffer for ever, for what is in it means nothing.
    // r[impl shm.signal.doorbell.wait]
    const onread = { buffer: new Uint8Array(READ_BYTES), callback: () => this.#rung() };
    this.#socket = new Socket({ fd: descriptor, allowHalfOpen: true, onread } as never);
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      // A process that died with rings unread: that is its end, and no more of an error than others.
      if (error.code !== "ECONNRESET") this.#error = error;
    });
    this.gone = new Promise((resolve) => {
      this.#socket.once("end", () => this.#socket.destroy());
      this.#socket.once("close", () => {
        this.#silence();
        this.#tellGone();
        resolve();
      });
    });
  }

  #silence(): void {
    this.#onRung = undefined;
    if (this.#ringer !== undefined) this.#native.close(this.#ringer);
    this.#ringer = undefined;
  }

  #rung(): boolean {
    this.#onRung?.();
    return true;
  }

  #tellGone(): void {
    this.#isGone = true;
    const onGone = this.#onGone;
    this.#onGone = undefined;
    const cause = this.#error;
    onGone?.(cause && new RoamError("io", `the doorbell failed: ${cause.message}`, { cause }));
  }

  // r[impl shm.signal.doorbell.signal]
  ring(): void {
    if (this.#ringer === undefined) return;
    try {
      // What does not fit is not needed: the other side has yet to look.
      this.#native.send(this.#ringer, RING);
    } catch {
      // Its end comes by the socket.
    }
  }

  listen(onRung: () => void, onGone: (cause?: RoamError) => void): void {
    this.#onRung = onRung;
    this.#onGone = onGone;
    if (this.#isGone) queueMicrotask(() => this.#tellGone());
    else this.#socket.resume();
  }

  // The other direction stays open: by it the other side's end is seen.
  close(): void {
    if (this.#ringer === undefined) return;
    this.#silence();
    this.#onGone = undefined;
    this.#socket.unref();
    this.#socket.end();
  }

  /** Ends it at once, whether the other side has gone or not. */
  destroy(): void {
    this.close();
    this.#socket.destroy();
  }
}
