import { decodeFrame } from "../decode-frame.ts";
import { fromHex } from "../hex.ts";
import { isPayload, type Transcript } from "../transcript.ts";

/** What a recording on a stable conduit has beside the messages. */
export interface StableRecording {
  readonly links: readonly RecordedLink[];
  /** By entry: what the frame acknowledges. */
  readonly acks: ReadonlyMap<number, number | undefined>;
}

/** The handshake of one link. */
export interface RecordedLink {
  /** Where the handshake begins. */
  readonly entry: number;
  readonly clientHello: Uint8Array;
  readonly serverHello: Uint8Array;
}

/**
 * Takes a stable recording apart: hellos and acks, and the messages by entry.
 *
 * @throws TypeError if a link does not begin with both hellos
 * @throws DecodeError for a payload that is no frame
 */
export function unframed({ name, entries }: Transcript): {
  readonly stable: StableRecording;
  readonly items: ReadonlyMap<number, Uint8Array>;
} {
  const links: RecordedLink[] = [];
  const acks = new Map<number, number | undefined>();
  const items = new Map<number, Uint8Array>();
  const isHello = new Set<number>();
  for (const [index, entry] of entries.entries()) {
    if (!isPayload(entry) || isHello.has(index)) continue;
    if (entry.link === links.length) {
      const answer = entries[index + 1];
      if (entry.from !== "initiator" || answer?.from !== "acceptor" || !isPayload(answer))
        throw new TypeError(`${name}: link ${entry.link} does not begin with a handshake`);
      links.push({
        entry: index,
        clientHello: fromHex(entry.hex),
        serverHello: fromHex(answer.hex),
      });
      isHello.add(index + 1);
      continue;
    }
    const { ack, item } = decodeFrame(fromHex(entry.hex));
    acks.set(index, ack);
    items.set(index, item);
  }
  return { stable: { links, acks }, items };
}
