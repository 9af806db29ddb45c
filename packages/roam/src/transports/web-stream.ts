import type { Link } from "../link/link.ts";
import { type ByteStream, type ByteStreamEvents, StreamLink } from "../link/stream-link.ts";

export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A WHATWG stream pair as the byte stream of a link. */
class WebByteStream implements ByteStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #events: ByteStreamEvents | undefined;
  #isFlowing = false;
  #isReading = false;
  #isDestroyed = false;
  #onResume: (() => void) | undefined;
  readonly #onDestroyed: () => void;

  constructor({ readable, writable }: WebStreams, onDestroyed: () => void) {
    this.#onDestroyed = onDestroyed;
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // Failures are told by the writes themselves; this promise only must not go unhandled.
    this.#writer.closed.catch(() => {});
  }

  start(events: ByteStreamEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    let last: Promise<void> = Promise.resolve();
    for (const piece of pieces) {
      last = this.#writer.write(piece);
      last.catch(() => {});
    }
    last.then(onTaken, (error) => this.#fail(error));
  }

  end(onTaken: () => void): void {
    this.#writer.close().then(onTaken, (error) => this.#fail(error));
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
    this.#onDestroyed();
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
        const { done, value } = await this.#reader.read();
        // What was asked for before a pause comes after it.
        while (!this.#isFlowing) await new Promise<void>((resolve) => (this.#onResume = resolve));
        if (this.#isDestroyed) return;
        if (done) return this.#events?.onEof();
        this.#events?.onBytes(value);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  #fail(error: unknown): void {
    if (this.#isDestroyed) return;
    this.#events?.onClosed(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * A link over WHATWG streams of bytes: Deno connections, WebTransport streams, Bun pipes.
 *
 * @param options.onDestroyed nothing is read or written any more
 */
export function webStreamLink(
  streams: WebStreams,
  options: { peer?: string; onDestroyed?: () => void } = {},
): Link {
  const { onDestroyed = () => {}, ...linkOptions } = options;
  return new StreamLink(new WebByteStream(streams, onDestroyed), linkOptions);
}
