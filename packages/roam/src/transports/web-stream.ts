import { AsyncByteStream } from "../link/async-byte-stream.ts";
import type { Link } from "../link/link.ts";
import { StreamLink } from "../link/stream-link.ts";

export interface WebStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * A link over WHATWG streams of bytes: Deno connections, WebTransport streams, Bun pipes.
 *
 * @param options.onDestroyed nothing is read or written any more
 */
export function webStreamLink(
  { readable, writable }: WebStreams,
  options: { peer?: string; onDestroyed?: () => void } = {},
): Link {
  const { onDestroyed, ...linkOptions } = options;
  const reader = readable.getReader();
  const writer = writable.getWriter();
  // Failures are told by the writes themselves; this promise only must not go unhandled.
  writer.closed.catch(() => {});
  const bytes = new AsyncByteStream({
    read: () => reader.read(),
    write: (piece) => writer.write(piece),
    close: () => writer.close(),
    destroy() {
      reader.cancel().catch(() => {});
      writer.abort().catch(() => {});
      onDestroyed?.();
    },
  });
  return new StreamLink(bytes, linkOptions);
}
