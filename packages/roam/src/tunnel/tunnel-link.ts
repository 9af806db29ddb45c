import type { Rx } from "../channel/rx.ts";
import type { Tx } from "../channel/tx.ts";
import { AsyncByteStream } from "../link/async-byte-stream.ts";
import { StreamLink, type StreamLinkOptions } from "../link/stream-link.ts";

/** Largest piece of a payload in one item (bytes): links of one session take turns between pieces. */
const PIECE_BYTES = 32 * 1024;

/** Two channels of bytes. */
export interface TunnelEnds {
  readonly outgoing: Tx<Uint8Array>;
  readonly incoming: Rx<Uint8Array>;
  /** The link is over: in order, with both directions closed and read to their ends, or given up. */
  onOver(isInOrder: boolean): void;
}

/** The link at one end of a tunnel: a byte stream whose pieces are items, so that credit is its backpressure. */
export function linkThrough(
  { outgoing, incoming, onOver }: TunnelEnds,
  options: StreamLinkOptions,
): StreamLink {
  let openDirections = 2;
  return new StreamLink(
    new AsyncByteStream({
      async read() {
        const result = await incoming.next();
        if (result.done) openDirections--;
        return result;
      },
      write: (bytes) => sendPieces(outgoing, bytes),
      async close() {
        await outgoing.close();
        openDirections--;
      },
      destroy: () => onOver(openDirections === 0),
    }),
    options,
  );
}

/** Resolves with the last piece: sends of one channel are served in call order. */
function sendPieces(outgoing: Tx<Uint8Array>, bytes: Uint8Array): Promise<void> {
  let last = Promise.resolve();
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    last = outgoing.send(bytes.subarray(start, start + PIECE_BYTES));
    last.catch(() => {});
  }
  return last;
}
