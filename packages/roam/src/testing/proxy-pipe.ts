import type { Socket } from "node:net";
import type { Clock } from "../internal/clock.ts";
import { Deque } from "../internal/deque.ts";
import type { Side } from "./simulation/fault-plan.ts";

/** What a pipe holds before it stops reading; one chunk of Node's (64 KiB) may come on top. */
const WINDOW_BYTES = 262_144;

/** A slow pipe hands on at once what fits into this time, so that it drips and does not gush. */
const DRIP_MS = 50;

/** What the bytes from one side are subject to, on all connections. */
export interface Flow {
  readonly from: Side;
  passedBytes: number;
  stalledUntilMs: number;
  delayMs: number;
  jitterMs: number;
  bytesPerSecond: number;
}

/** Something to be done when so many bytes have passed, and before the next one does. */
export interface ByteMark {
  left: number;
  /** The side whose bytes count; both if undefined. */
  readonly from: Side | undefined;
  reach(): void;
}

/** What a pipe needs of the proxy around it. */
export interface PipeContext {
  readonly clock: Clock;
  readonly random: () => number;
  /** Those still to come, at this moment. */
  marks(): ByteMark[];
}

/** One direction of a connection: reads one socket and writes the other, as the flow allows. */
export class ProxyPipe {
  /** Bytes read and not yet handed on. */
  heldBytes = 0;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #flow: Flow;
  readonly #context: PipeContext;
  // No bytes stand for the end.
  readonly #held = new Deque<{ bytes: Uint8Array; readonly dueMs: number }>();
  #lastWrite = { atMs: Number.NEGATIVE_INFINITY, bytes: 0 };
  #isWriting = false;
  #cancelTimer: () => void = () => {};

  constructor(source: Socket, target: Socket, flow: Flow, context: PipeContext) {
    this.#source = source.on("data", this.#hold).on("end", this.#hold);
    this.#target = target;
    this.#flow = flow;
    this.#context = context;
  }

  /** Drops what is held and reads no more. */
  stop(): void {
    this.#cancelTimer();
    this.#held.drain();
    this.heldBytes = 0;
    this.#source.off("data", this.#hold).off("end", this.#hold);
  }

  /** Hands on what may go now; to be called when anything has changed. */
  pump(): void {
    this.#cancelTimer();
    const head = this.#held.peek();
    if (head === undefined || this.#isWriting || this.#target.connecting) return;
    const { bytesPerSecond, stalledUntilMs } = this.#flow;
    const pacedMs = this.#lastWrite.atMs + (this.#lastWrite.bytes * 1000) / bytesPerSecond;
    const waitMs = Math.max(head.dueMs, pacedMs, stalledUntilMs) - this.#context.clock.nowMs();
    if (waitMs === Number.POSITIVE_INFINITY) return;
    if (waitMs > 0) this.#cancelTimer = this.#context.clock.after(waitMs, () => this.pump());
    else if (head.bytes.length > 0) this.#write(head.bytes);
    else this.#target.end();
  }

  // One write is out at a time, so that a target that does not read holds up the source.
  #write(bytes: Uint8Array): void {
    const flow = this.#flow;
    const marks = this.#context.marks().filter(({ from = flow.from }) => from === flow.from);
    const drip = Math.max(1, Math.floor((flow.bytesPerSecond * DRIP_MS) / 1000));
    const length = Math.min(bytes.length, drip, ...marks.map((mark) => mark.left));
    this.#lastWrite = { atMs: this.#context.clock.nowMs(), bytes: length };
    this.#isWriting = true;
    this.#target.write(bytes.subarray(0, length), () => {
      this.#isWriting = false;
      this.#release(length);
      this.pump();
    });
    // The kernel has the bytes already, if it has room for them: not to be waited for.
    flow.passedBytes += length;
    for (const mark of marks) mark.left -= length;
    for (const mark of marks) if (mark.left === 0) mark.reach();
  }

  #release(length: number): void {
    const head = this.#held.peek();
    if (head === undefined) return;
    head.bytes = head.bytes.subarray(length);
    if (head.bytes.length === 0) this.#held.shift();
    this.heldBytes -= length;
    if (this.heldBytes < WINDOW_BYTES) this.#source.resume();
  }

  readonly #hold = (bytes: Uint8Array = new Uint8Array(0)) => {
    const { clock, random } = this.#context;
    const { delayMs, jitterMs } = this.#flow;
    this.#held.push({ bytes, dueMs: clock.nowMs() + delayMs + random() * jitterMs });
    this.heldBytes += bytes.length;
    if (this.heldBytes >= WINDOW_BYTES) this.#source.pause();
    this.pump();
  };
}
