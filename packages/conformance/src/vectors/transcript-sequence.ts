import { decodeClientHello, decodeServerHello } from "../../../roam/src/conduit/stable/hello.ts";
import { decodeFrame } from "../decode-frame.ts";
import { fromHex, toHex } from "../hex.ts";
import { isPayload, otherSide, type PayloadEntry, type Side, type Transcript } from "../transcript.ts";
import { isHello } from "./recorded.ts";
import { Difference, expectEqual } from "./tally.ts";

/** What one side sent and got, so far. */
interface Half {
  nextSeq: number;
  /** Items by number: a replay repeats them. */
  readonly items: Map<number, string>;
  lastReceived: number | undefined;
  lastAck: number;
}

/**
 * Checks the numbers of a recorded stable conduit: every direction counts from 0 without gaps,
 * a frame sent again (only on a later link) holds the same item, acks never fall behind nor
 * run ahead of what was sent, and a resume names the last key and the last number received.
 *
 * @throws Difference for the first number that does not fit
 */
export function checkSequence({ entries }: Transcript): void {
  const halves: Record<Side, Half> = { initiator: emptyHalf(), acceptor: emptyHalf() };
  let key: string | undefined;
  let link = 0;
  for (const entry of entries.filter(isPayload)) {
    if (entry.fate === "injected") continue;
    const isNewLink = entry.link > link;
    link = entry.link;
    if (isHello(entry)) key = checkHelloOf(entry, halves[entry.from], key);
    else checkFrameOf(entry, halves[entry.from], halves[otherSide(entry.from)]);
    if (isNewLink && !isHello(entry)) throw new Difference(`link ${link} begins without a hello`);
  }
}

function emptyHalf(): Half {
  return { nextSeq: 0, items: new Map(), lastReceived: undefined, lastAck: -1 };
}

/** @returns the key that the next ClientHello is to name */
function checkHelloOf(entry: PayloadEntry, own: Half, key: string | undefined): string | undefined {
  const payload = fromHex(entry.hex);
  if (entry.from === "acceptor") {
    const hello = decodeServerHello(payload);
    checkLastReceived(hello.lastReceived, own);
    return toHex(hello.resumeKey);
  }
  const hello = decodeClientHello(payload);
  checkLastReceived(hello.lastReceived, own);
  expectEqual("resume key", hello.resumeKey && toHex(hello.resumeKey), key);
  return key;
}

/** A side may not have looked yet at all that arrived; what it acknowledged it has. */
function checkLastReceived(announced = -1, { lastReceived = -1, lastAck }: Half): void {
  if (announced > lastReceived || announced < lastAck) {
    throw new Difference(
      `last received ${announced}, after ack ${lastAck} and with ${lastReceived} delivered`,
    );
  }
}

function checkFrameOf(entry: PayloadEntry, own: Half, other: Half): void {
  const { seq, ack, item } = decodeFrame(fromHex(entry.hex));
  const isReplay = seq < own.nextSeq;
  if (isReplay) {
    if (entry.link === 0) throw new Difference(`seq ${seq} sent twice on one link`);
    expectEqual(`item replayed as seq ${seq}`, toHex(item), own.items.get(seq));
  } else {
    expectEqual("seq", seq, own.nextSeq);
    own.nextSeq++;
    own.items.set(seq, toHex(item));
    // A stored frame goes out again with the ack it had, so only new ones are ordered.
    if ((ack ?? -1) < own.lastAck) throw new Difference(`ack ${ack} after ack ${own.lastAck}`);
    own.lastAck = ack ?? -1;
  }
  if (ack !== undefined && ack >= other.nextSeq)
    throw new Difference(`ack ${ack} of a frame that was not sent`);
  if (entry.fate === "delivered") other.lastReceived = Math.max(seq, other.lastReceived ?? -1);
}
