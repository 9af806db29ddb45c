import type { Duplex, Readable, Writable } from "node:stream";
import { RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import {
  type ByteStream,
  type ByteStreamEvents,
  StreamLink,
  type StreamLinkOptions,
} from "../link/stream-link.ts";

/** Time that a socket we have ended may take to be ended by the far side (ms). */
const LINGER_MS = 1000;

/** A Node stream pair (or one duplex, twice) as the byte stream of a link. */
class NodeByteStream implements ByteStream {
  readonly #readable: Readable;
  readonly #writable: Writable;
  #detach: () => void = () => {};

  constructor(readable: Readable, writable: Writable) {
    this.#readable = readable;
    this.#writable = writable;
  }

  start(events: ByteStreamEvents): void {
    const readable = this.#readable;
    const writable = this.#writable;
    const isDuplex = (readable as unknown) === writable;
    // Buffers are views too, but `subarray` on them makes Buffers: users get plain arrays.
    const onData = (chunk: Uint8Array) =>
      events.onBytes(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const onEnd = () => events.onEof();
    const onError = (error: Error) => events.onClosed(error);
    // Of a pair, each half may end by itself: it is gone when one of them closes before its end.
    const onClose = () => {
      if (isDuplex || !readable.readableEnded) events.onClosed();
    };
    const onWritableClose = () => {
      if (!writable.writableFinished) events.onClosed();
    };
    readable.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
    if (!isDuplex) writable.on("error", onError).on("close", onWritableClose);
    readable.pause();
    this.#detach = () => {
      readable.off("data", onData).off("end", onEnd).off("close", onClose);
      // Errors of a stream that is being torn down are nobody's any more, and must not be thrown.
      readable.off("error", onError).on("error", ignore);
      if (!isDuplex) writable.off("close", onWritableClose).off("error", onError).on("error", ignore);
    };
  }

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    const writable = this.#writable;
    if (pieces.length === 1) {
      writable.write(pieces[0], onTaken);
      return;
    }
    // Corked pieces go out as one gather write: large byte arrays are not copied together.
    // r[impl zerocopy.scatter.write]
    // r[impl zerocopy.copies]
    writable.cork();
    const last = pieces.length - 1;
    for (const [index, piece] of pieces.entries())
      writable.write(piece, index === last ? onTaken : undefined);
    writable.uncork();
  }

  end(onTaken: () => void): void {
    this.#writable.end(onTaken);
  }

  destroy(): void {
    this.#detach();
    const readable = this.#readable;
    const isDuplex = (readable as unknown) === this.#writable;
    // A socket closed with bytes unread resets the connection, and what was sent last, such as
    // why, is lost on the far side. So these are read to the end, but not for long.
    if (isDuplex && this.#writable.writableFinished && !readable.readableEnded && !readable.destroyed) {
      const timer = setTimeout(() => readable.destroy(), LINGER_MS);
      readable.once("close", () => clearTimeout(timer)).once("end", () => readable.destroy());
      readable.resume();
      return;
    }
    readable.destroy();
    this.#writable.destroy();
  }

  pause(): void {
    this.#readable.pause();
  }

  resume(): void {
    this.#readable.resume();
  }
}

function ignore(): void {}

/** A link over any Node duplex: a socket, a TLS socket, a pipe. */
export function duplexLink(duplex: Duplex, options: StreamLinkOptions = {}): Link {
  return new StreamLink(new NodeByteStream(duplex, duplex), options);
}

/** A link over a readable and a writable that belong together, such as a child's pipes. */
export function pairLink(readable: Readable, writable: Writable, options: { peer?: string } = {}): Link {
  return new StreamLink(new NodeByteStream(readable, writable), options);
}

/**
 * Waits for a socket to be connected.
 *
 * @throws RoamError `io` if it cannot be; the signal's reason if aborted. The socket is destroyed then.
 */
export function connected<S extends Duplex>(
  socket: S,
  event: "connect" | "secureConnect",
  peer: string,
  signal?: AbortSignal,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off(event, onConnect).off("error", onError);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onConnect = () => settle(() => resolve(socket));
    const onError = (cause: Error) =>
      settle(() => {
        socket.on("error", ignore).destroy();
        reject(new RoamError("io", `cannot connect to ${peer}: ${cause.message}`, { cause }));
      });
    const onAbort = () =>
      settle(() => {
        socket.on("error", ignore).destroy();
        reject(signal?.reason);
      });
    socket.on(event, onConnect).on("error", onError);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}
