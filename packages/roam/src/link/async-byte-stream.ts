import { asError } from "../errors.ts";
import type { ByteStream, ByteStreamEvents } from "./stream-link.ts";

/** Bytes in both directions by promises: WHATWG streams, or the channels of a tunnel. */
export interface AsyncBytes {
  read(): Promise<{ readonly done?: boolean | undefined; readonly value?: Uint8Array | undefined }>;
  /** Called again before the last one has resolved; resolves when the piece has left. */
  write(piece: Uint8Array): Promise<unknown>;
  /** Ends the sending direction behind everything written. */
  close(): Promise<unknown>;
  /** Gives both directions up. Never throws. */
  destroy(): void;
}

/** Such bytes as the stream of a link. */
export class AsyncByteStream implements ByteStream {
  readonly #bytes: AsyncBytes;
  #events: ByteStreamEvents | undefined;
  #isFlowing = false;
  #isReading = false;
  #isDestroyed = false;
  #onResume: (() => void) | undefined;

  constructor(bytes: AsyncBytes) {
    this.#bytes = bytes;
  }

  start(events: ByteStreamEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    let last: Promise<unknown> = Promise.resolve();
    for (const piece of pieces) {
      last = this.#bytes.write(piece);
      last.catch(() => {});
    }
    last.then(onTaken, (error) => this.#fail(error));
  }

  end(onTaken: () => void): void {
    this.#bytes.close().then(onTaken, (error) => this.#fail(error));
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#onResume?.();
    this.#bytes.destroy();
  }

  pause(): void {
    this.#isFlowing = false;
  }

  resume(): void {
    this.#isFlowing = true;
    this.#onResume?.();
    void this.#read();
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isFlowing && !this.#isDestroyed) {
        const { done, value } = await this.#bytes.read();
        // What was asked for before a pause comes after it.
        while (!this.#isFlowing && !this.#isDestroyed)
          await new Promise<void>((resolve) => (this.#onResume = resolve));
        if (this.#isDestroyed) return;
        if (done) return this.#events?.onEof();
        this.#events?.onBytes(value as Uint8Array);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  #fail(error: unknown): void {
    if (!this.#isDestroyed) this.#events?.onClosed(asError(error));
  }
}
