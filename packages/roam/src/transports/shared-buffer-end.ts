import { type ByteRing, RING_HEADER_BYTES } from "./byte-ring.ts";
import type { PortLike } from "./port-events.ts";

/** The line of each side (bytes): what it asks for in its sleep, and whether it has a link. */
const SIDE_BYTES = 64;
const ASLEEP = 0;
const CLAIMED = 1;
const HEADERS_BYTES = 2 * SIDE_BYTES + 2 * RING_HEADER_BYTES;

/** Larger ones are slower, for they do not stay in the caches of the processors. */
const DEFAULT_RING_BYTES = 64 * 1024;
const LEAST_RING_BYTES = 1024;
const MOST_RING_BYTES = 2 ** 30;

/**
 * One of the two ends of a link over shared memory, to be posted to another thread with its port in
 * the transfer list.
 *
 *   0..128     a line for each side      384..    the ring from side 0 to side 1
 *   128..384   counters of the rings     ..       the ring from side 1 to side 0
 */
export interface SharedBufferEnd<Port extends PortLike = MessagePort> {
  readonly buffer: SharedArrayBuffer;
  readonly side: 0 | 1;
  /** For waking up, and for large batches: nothing else may be posted there. */
  readonly port: Port;
}

/** What a sleeping side wants to be woken for. */
export const Wake = { forBytes: 1, forRoom: 2 } as const;

/**
 * Whether a side that sleeps waits on its word. A message wakes it in any case: in Node that is the
 * faster of the two (20 against 30 µs there and back), in Chromium the slower (97 against 37).
 */
const WAITS = "waitAsync" in Atomics && !("setImmediate" in globalThis);

/** A word that a side sets before it sleeps, and the other one asks before it rings. */
export class SleepWord {
  readonly #words: Int32Array;
  /** Of waits there is one at most: waking up by a message leaves it where it is. */
  #isWaiting = false;

  constructor(buffer: SharedArrayBuffer, side: number) {
    this.#words = new Int32Array(buffer, side * SIDE_BYTES, SIDE_BYTES / 4);
  }

  /** @param wishes of `Wake`; 0 for a side that is awake */
  set(wishes: number): void {
    Atomics.store(this.#words, ASLEEP, wishes);
  }

  /**
   * Waits for the other side, with what was set.
   *
   * @returns false if it has rung meanwhile; else `onRing` is called then, or a message comes
   */
  sleep(wishes: number, onRing: () => void): boolean {
    if (!WAITS || this.#isWaiting) return true;
    const { async, value } = Atomics.waitAsync(this.#words, ASLEEP, wishes);
    if (!async) return false;
    this.#isWaiting = true;
    void value.then(() => {
      this.#isWaiting = false;
      onRing();
    });
    return true;
  }

  /** Ends the wait: nothing is left of it. */
  wake(): void {
    this.set(0);
    Atomics.notify(this.#words, ASLEEP);
  }

  /**
   * Wakes the other side, if it asked for this; of all who ask only the first is told so.
   *
   * @returns whether it is yet to be rung by a message
   */
  isToRing(wish: number): boolean {
    if ((Atomics.load(this.#words, ASLEEP) & wish) === 0) return false;
    if ((Atomics.exchange(this.#words, ASLEEP, 0) & wish) === 0) return false;
    return Atomics.notify(this.#words, ASLEEP) === 0;
  }
}

export interface OpenedEnd {
  readonly mine: SleepWord;
  readonly theirs: SleepWord;
  readonly out: ByteRing;
  readonly in: ByteRing;
}

/** @throws TypeError for what is no end, or has a link already */
export function openEnd({ buffer, side }: SharedBufferEnd<PortLike>): OpenedEnd {
  needsSharedMemory();
  if (!(buffer instanceof SharedArrayBuffer) || (side !== 0 && side !== 1)) {
    throw new TypeError("not an end of a shared buffer: sharedBufferEnds makes them");
  }
  const ringBytes = (buffer.byteLength - HEADERS_BYTES) / 2;
  if (!isRingSize(ringBytes)) {
    throw new TypeError(`not a buffer of sharedBufferEnds: ${buffer.byteLength} bytes`);
  }
  const line = new Int32Array(buffer, side * SIDE_BYTES, SIDE_BYTES / 4);
  if (Atomics.exchange(line, CLAIMED, 1) !== 0) throw new TypeError(`side ${side} has a link already`);
  const other = 1 - side;
  const ring = (from: number): ByteRing => ({
    words: new Int32Array(buffer, 2 * SIDE_BYTES + from * RING_HEADER_BYTES, RING_HEADER_BYTES / 4),
    bytes: new Uint8Array(buffer, HEADERS_BYTES + from * ringBytes, ringBytes),
  });
  return {
    mine: new SleepWord(buffer, side),
    theirs: new SleepWord(buffer, other),
    out: ring(side),
    in: ring(other),
  };
}

function isRingSize(bytes: number): boolean {
  return bytes >= LEAST_RING_BYTES && bytes <= MOST_RING_BYTES && Number.isInteger(Math.log2(bytes));
}

function needsSharedMemory(): void {
  if (typeof SharedArrayBuffer !== "undefined") return;
  throw new TypeError(
    "there is no SharedArrayBuffer: a page has it when it is cross-origin isolated, that is when it comes " +
      "with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`",
  );
}

export interface SharedBufferOptions<Port extends PortLike = MessagePort> {
  /** Size of the ring of each direction: a power of two from 1 KiB to 1 GiB, 64 KiB unless given. */
  readonly ringBytes?: number;
  /** A fresh one to take the ports of, such as that of `node:worker_threads`. */
  readonly channel?: { readonly port1: Port; readonly port2: Port };
}

/**
 * Shared memory and ports for one link: an end for each of two threads.
 *
 * @throws RangeError for a ring of another size
 * @throws TypeError where memory cannot be shared: in a page that is not cross-origin isolated
 * @example
 * const [here, there] = sharedBufferEnds();
 * worker.postMessage(there, [there.port]);
 * const client = await connect(sharedBufferLink(here), Billing);
 */
export function sharedBufferEnds<Port extends PortLike = MessagePort>(
  options: SharedBufferOptions<Port> = {},
): readonly [SharedBufferEnd<Port>, SharedBufferEnd<Port>] {
  const { ringBytes = DEFAULT_RING_BYTES } = options;
  needsSharedMemory();
  if (!isRingSize(ringBytes)) {
    throw new RangeError(`ringBytes ${ringBytes}: not a power of two from 1 KiB to 1 GiB`);
  }
  const buffer = new SharedArrayBuffer(HEADERS_BYTES + 2 * ringBytes);
  const { port1, port2 } = (options.channel ?? new MessageChannel()) as { port1: Port; port2: Port };
  return [
    { buffer, side: 0, port: port1 },
    { buffer, side: 1, port: port2 },
  ];
}
