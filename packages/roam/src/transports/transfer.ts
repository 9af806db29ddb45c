import { concat } from "roam-postcard";

/** Room before and behind the bytes (bytes): for the lengths, ids and metadata of the message that they go in. */
const ROOM = 512;

const withRoom = new WeakSet<ArrayBufferLike>();
const handedOver = new WeakSet<Uint8Array>();
let pending = 0;

/**
 * An array of its own, with room for the message around it: filled and handed over by `transfer`, it goes to
 * another thread without a copy.
 *
 * @param length bytes
 */
export function transferable(length: number): Uint8Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(ROOM + length + ROOM);
  withRoom.add(buffer);
  return new Uint8Array(buffer, ROOM, length);
}

/**
 * Hands bytes over to the call whose argument or answer they are: over message ports they are the receiver's
 * afterwards, and empty here. They must come from `transferable`; others, those below 16 KiB, items of channels, and
 * all over other links are copied as ever.
 *
 * @example await thumbnails.make({ image: transfer(image) });
 */
export function transfer(bytes: Uint8Array): Uint8Array {
  if (!handedOver.has(bytes)) pending++;
  handedOver.add(bytes);
  return bytes;
}

/** False: nobody has handed anything over that was not sent. */
export function isTransferPending(): boolean {
  return pending > 0;
}

/**
 * One array of all pieces, which can be given away: where one of them was handed over the others are put around it, if there is room.
 */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const at = pieces.findIndex((piece) => handedOver.delete(piece));
  const given = pieces[at];
  if (given === undefined) return concat(pieces) as Uint8Array<ArrayBuffer>;
  pending--;
  const before = pieces.slice(0, at);
  const behind = pieces.slice(at + 1);
  const start = given.byteOffset - lengthOf(before);
  const end = given.byteOffset + given.length + lengthOf(behind);
  const hasRoom = withRoom.has(given.buffer) && start >= 0 && end <= given.buffer.byteLength;
  // Of a part of it the rest would go along.
  if (!hasRoom || given.buffer.byteLength !== given.length + 2 * ROOM)
    return concat(pieces) as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(given.buffer as ArrayBuffer, start, end - start);
  whole.set(concat(before), 0);
  whole.set(concat(behind), whole.length - lengthOf(behind));
  return whole;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
