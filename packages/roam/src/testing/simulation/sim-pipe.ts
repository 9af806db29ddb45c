import type { Clock } from "../../internal/clock.ts";
import { Deque } from "../../internal/deque.ts";
import type { ByteStreamEvents } from "../../link/stream-link.ts";
import type { Side } from "./fault-plan.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { type SimTrace, shownBytes } from "./sim-trace.ts";

/** How bytes travel in one direction. */
export interface PipeTravel {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly chunkBytes: readonly [number, number];
  readonly windowBytes: number;
  /** What the reader takes; infinite if it keeps up. */
  readonly bytesPerMs: number;
}

/** Something to do when so many bytes have arrived. */
export interface PipeMark {
  readonly byte: number;
  reached(): void;
}

interface Written {
  readonly bytes: Uint8Array;
  readonly arrivesMs: number;
}

interface Untaken {
  /** Taken when the network has room up to here. */
  readonly upTo: number;
  onTaken(): void;
}

/** A slow reader takes what comes in a millisecond, or in so many of them, at once. */
const SLOW_SLICE_MS = 20;

/** Sums of fractions are not exact: a timer may fire a little before the time it was set for. */
const SLACK_MS = 1e-6;

/** One direction of a simulated link: bytes that arrive later, in chunks of any size, or never. */
export class SimPipe {
  readonly #link: number;
  readonly #from: Side;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #travel: PipeTravel;
  readonly #trace: SimTrace | undefined;
  readonly #queue = new Deque<Written>();
  readonly #untaken = new Deque<Untaken>();
  /** By byte; the first is next. */
  #marks: PipeMark[] = [];
  #events: ByteStreamEvents | undefined;
  /** Bytes of the queue's first piece that have arrived. */
  #headBytes = 0;
  #written = 0;
  #arrived = 0;
  #lastArrivesMs = 0;
  #notBeforeMs = 0;
  #eofArrivesMs: number | undefined;
  #isReading = false;
  /** Cut, or at its end: nothing arrives any more. */
  #isDead = false;
  #stopTimer: (() => void) | undefined;
  #onUnwanted: (() => void) | undefined;

  constructor(options: {
    link: number;
    from: Side;
    clock: Clock;
    random: SeededRandom;
    travel: PipeTravel;
    trace: SimTrace | undefined;
  }) {
    this.#link = options.link;
    this.#from = options.from;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#travel = options.travel;
    this.#trace = options.trace;
  }

  /** Bytes that have arrived at the reader. */
  get arrived(): number {
    return this.#arrived;
  }

  /** Bytes are there that the reader has not taken. */
  get isUnread(): boolean {
    return this.#isDue(this.#queue.peek()?.arrivesMs);
  }

  mark(mark: PipeMark): void {
    this.#marks.push(mark);
    this.#marks.sort((a, b) => a.byte - b.byte);
  }

  // ---- the writer's end

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    for (const bytes of pieces) {
      this.#written += bytes.length;
      if (!this.#isDead) this.#queue.push({ bytes, arrivesMs: this.#nextArrivalMs() });
    }
    this.#untaken.push({ upTo: this.#written, onTaken });
    // As a socket does: not before `write` has returned.
    queueMicrotask(() => this.#serveTaken());
    this.#schedule();
  }

  end(onTaken: () => void): void {
    this.write([], onTaken);
    this.#eofArrivesMs ??= this.#nextArrivalMs();
    this.#schedule();
  }

  /** The writer is gone: what the network has taken arrives, then the end. */
  abandon(): void {
    this.#untaken.drain();
    const taken = this.#arrived + this.#travel.windowBytes;
    if (this.#written > taken) {
      this.#written = taken;
      this.#keepUpTo(taken);
    }
    this.#eofArrivesMs ??= this.#nextArrivalMs();
    this.#schedule();
  }

  #keepUpTo(byte: number): void {
    let left = byte - this.#arrived + this.#headBytes;
    for (const written of this.#queue.drain()) {
      const bytes = written.bytes.subarray(0, left);
      left -= bytes.length;
      if (bytes.length > 0) this.#queue.push({ ...written, bytes });
    }
  }

  #nextArrivalMs(): number {
    const { latencyMs, jitterMs } = this.#travel;
    const jitter = jitterMs === 0 ? 0 : jitterMs * this.#random.next();
    this.#lastArrivesMs = Math.max(this.#lastArrivesMs, this.#clock.nowMs() + latencyMs + jitter);
    return this.#lastArrivesMs;
  }

  #serveTaken(): void {
    const limit = this.#arrived + this.#travel.windowBytes;
    for (;;) {
      const next = this.#untaken.peek();
      if (next === undefined || next.upTo > limit) return;
      this.#untaken.shift();
      next.onTaken();
    }
  }

  // ---- the reader's end

  read(events: ByteStreamEvents): void {
    this.#events = events;
  }

  pause(): void {
    this.#isReading = false;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  resume(): void {
    this.#isReading = true;
    this.#schedule();
  }

  /** The reader is gone. @param onUnwanted called when bytes come for it all the same */
  leave(onUnwanted: () => void): void {
    this.#events = undefined;
    this.#onUnwanted = onUnwanted;
    this.resume();
  }

  /** Nothing arrives any more, and nobody is told. */
  cut(): void {
    this.#isDead = true;
    this.#queue.drain();
    this.#eofArrivesMs = undefined;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** What has not arrived yet takes longer. */
  stall(ms: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#clock.nowMs() + ms);
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDead || !this.#isReading || this.#stopTimer !== undefined) return;
    const nextMs = this.#queue.peek()?.arrivesMs ?? this.#eofArrivesMs;
    if (nextMs === undefined) return;
    const inMs = Math.max(nextMs, this.#notBeforeMs) - this.#clock.nowMs();
    this.#stopTimer = this.#clock.after(inMs, () => {
      this.#stopTimer = undefined;
      this.#arrive();
      this.#schedule();
    });
  }

  /** Everything that has come by now. */
  #arrive(): void {
    this.#reachMarks();
    while (this.#isReading && !this.#isDead && this.#isDue(this.#notBeforeMs)) {
      const chunk = this.#takeChunk();
      if (chunk === undefined) return this.#endIfDue();
      this.#arrived += chunk.length;
      this.#trace?.("bytes", {
        link: this.#link,
        from: this.#from,
        at: this.#arrived - chunk.length,
        bytes: chunk.length,
        hex: shownBytes(chunk),
      });
      if (this.#events === undefined) this.#onUnwanted?.();
      else this.#events.onBytes(chunk);
      this.#serveTaken();
      this.#reachMarks();
    }
  }

  #reachMarks(): void {
    while (this.#marks.length > 0 && (this.#marks[0] as PipeMark).byte <= this.#arrived) {
      (this.#marks.shift() as PipeMark).reached();
    }
  }

  /** A copy of the next bytes: the writer's memory is not the reader's. */
  #takeChunk(): Uint8Array | undefined {
    if (!this.#isDue(this.#queue.peek()?.arrivesMs)) return undefined;
    const size = this.#nextChunkBytes();
    const chunk = new Uint8Array(Math.min(size, this.#written - this.#arrived));
    let filled = 0;
    while (filled < chunk.length) {
      const head = this.#queue.peek();
      if (head === undefined || !this.#isDue(head.arrivesMs)) break;
      const piece = head.bytes.subarray(this.#headBytes, this.#headBytes + chunk.length - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      this.#headBytes += piece.length;
      if (this.#headBytes < head.bytes.length) break;
      this.#queue.shift();
      this.#headBytes = 0;
    }
    return filled === chunk.length ? chunk : chunk.slice(0, filled);
  }

  #nextChunkBytes(): number {
    const { chunkBytes, bytesPerMs } = this.#travel;
    const [least, most] = chunkBytes;
    let size = least === most ? most : this.#random.spread(least, most);
    if (Number.isFinite(bytesPerMs)) {
      size = Math.min(Math.max(size, Math.ceil(bytesPerMs)), Math.ceil(bytesPerMs * SLOW_SLICE_MS));
    }
    const next = this.#marks[0];
    if (next !== undefined) size = Math.min(size, next.byte - this.#arrived);
    if (Number.isFinite(bytesPerMs)) this.#notBeforeMs = this.#clock.nowMs() + size / bytesPerMs;
    return size;
  }

  #isDue(atMs: number | undefined): boolean {
    return atMs !== undefined && atMs - SLACK_MS <= this.#clock.nowMs();
  }

  #endIfDue(): void {
    if (this.#queue.size > 0 || !this.#isDue(this.#eofArrivesMs)) return;
    this.#eofArrivesMs = undefined;
    this.#isDead = true;
    this.#events?.onEof();
  }
}
