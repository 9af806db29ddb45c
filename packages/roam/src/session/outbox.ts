import type { ConduitPermit, ConduitTx } from "../conduit/conduit.ts";
import { abortReason, RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import type { Message } from "../wire/message.ts";
import type { TapPoint } from "./session-tap.ts";

interface Control {
  readonly message: Message;
  readonly onDone: ((error?: unknown) => void) | undefined;
}

interface Waiter {
  resolve(permit: ConduitPermit<Message>): void;
  reject(error: unknown): void;
}

/** A link that cannot stop reading (a browser's) may bring this much more than the limit. */
const OVERFLOW_FACTOR = 4;

/**
 * Everything a session sends goes through here. Answers and control messages never wait for
 * data: they are queued ahead of it. Calls and items wait for a permit, first come first served.
 */
// r[impl session.x.fair]
export class Outbox {
  readonly #tx: ConduitTx<Message>;
  readonly #tap: TapPoint;
  readonly #controls = new Deque<Control>();
  readonly #waiters = new Set<Waiter>();
  readonly #maxControls: number;
  readonly #onPressure: (isHigh: boolean) => void;
  readonly #onOverflow: (error: RoamError) => void;
  readonly #onBlocked: (isBlocked: boolean) => void;
  #isPumping = false;
  #isHigh = false;
  #failure: RoamError | undefined;
  /** Set: what is queued goes out, nothing else is let in. */
  #closing: RoamError | undefined;
  #onDrained: (() => void) | undefined;

  /**
   * @param options.onPressure too many controls wait (true), or few enough again (false)
   * @param options.onOverflow the counterpart goes on asking and does not read its answers
   * @param options.onBlocked somebody waits until the counterpart reads (true), or it did (false)
   */
  constructor(
    tx: ConduitTx<Message>,
    options: {
      maxControls: number;
      tap: TapPoint;
      onPressure(isHigh: boolean): void;
      onOverflow(error: RoamError): void;
      onBlocked(isBlocked: boolean): void;
    },
  ) {
    this.#tx = tx;
    this.#tap = options.tap;
    this.#maxControls = options.maxControls;
    this.#onPressure = options.onPressure;
    this.#onOverflow = options.onOverflow;
    this.#onBlocked = options.onBlocked;
  }

  get queuedControls(): number {
    return this.#controls.size;
  }

  get waitingSenders(): number {
    return this.#waiters.size;
  }

  /** As `MessageSink.tryPost`. */
  tryPost(message: Message): boolean {
    if (this.#failure !== undefined) return true;
    return this.#controls.size === 0 && this.#trySend(message);
  }

  /** As `MessageSink.trySend`. */
  trySend(message: Message): boolean {
    return this.#isOpen && this.#trySend(message);
  }

  #trySend(message: Message): boolean {
    const tap = this.#tap.current;
    if (tap === undefined) return this.#tx.trySend(message);
    const isTold = tap.sending(message);
    const isSent = this.#tx.trySend(message);
    if (isSent && isTold) tap.sent(message);
    return isSent;
  }

  get #isOpen(): boolean {
    return this.#closing === undefined && this.#controls.size === 0 && this.#waiters.size === 0;
  }

  /** @param onDone the message has left; with the error if it could not be encoded or is too large */
  post(message: Message, onDone?: (error?: unknown) => void): void {
    if (this.#failure !== undefined) return;
    const permit = this.#permitFor(message);
    if (permit !== undefined) return this.#send(permit, { message, onDone });
    this.#controls.push({ message, onDone });
    if (this.#controls.size > this.#maxControls && !this.#isHigh) {
      this.#isHigh = true;
      this.#tap.current?.limited("maxQueuedControls");
      this.#onPressure(true);
    }
    // Reading has paused long ago, and what had been read by then is answered.
    if (this.#controls.size > OVERFLOW_FACTOR * this.#maxControls) {
      const error = new RoamError(
        "too-large",
        `${this.#controls.size} answers wait for a peer that does not read`,
      );
      return this.#onOverflow(error);
    }
    void this.#pump();
  }

  // A Pong carries the ack that a peer with a full replay buffer waits for.
  // r[impl stable.x.ack-solicit]
  #permitFor({ tag }: Message): ConduitPermit<Message> | undefined {
    const permit = this.#controls.size === 0 ? this.#tx.tryReserve() : undefined;
    return permit ?? (tag === "Pong" ? this.#tx.tryReservePastBound?.() : undefined);
  }

  tryReserve(): ConduitPermit<Message> | undefined {
    const permit = this.#isOpen ? this.#tx.tryReserve() : undefined;
    return permit && this.#tapped(permit);
  }

  #tapped(permit: ConduitPermit<Message>): ConduitPermit<Message> {
    return this.#tap.current?.permit(permit) ?? permit;
  }

  reserve(signal?: AbortSignal): Promise<ConduitPermit<Message>> {
    if (this.#closing !== undefined) return Promise.reject(this.#closing);
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const permit = this.tryReserve();
    if (permit !== undefined) return Promise.resolve(permit);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        waited?.();
        reject(abortReason(signal as AbortSignal));
      };
      const waited = this.#tap.current?.waiting();
      const settle = () => {
        signal?.removeEventListener("abort", onAbort);
        waited?.();
      };
      const waiter: Waiter = {
        resolve: (granted) => {
          settle();
          resolve(granted);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      void this.#pump();
    });
  }

  /** Hands out permits one at a time: to controls first, then to who has waited longest. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#controls.size > 0 || this.#waiters.size > 0) {
        this.#serve(this.#tx.tryReserve() ?? (await this.#wait()));
      }
    } catch (error) {
      // The conduit is dead; the session hears it from the receiving half as well.
      this.fail(
        error instanceof RoamError ? error : new RoamError("io", "the conduit failed", { cause: error }),
      );
    } finally {
      this.#isPumping = false;
      this.#onDrained?.();
    }
  }

  async #wait(): Promise<ConduitPermit<Message>> {
    this.#onBlocked(true);
    try {
      return await this.#tx.reserve();
    } finally {
      this.#onBlocked(false);
    }
  }

  #serve(permit: ConduitPermit<Message>): void {
    const control = this.#controls.shift();
    if (control !== undefined) {
      this.#send(permit, control);
      if (this.#isHigh && this.#controls.size <= this.#maxControls / 2) {
        this.#isHigh = false;
        this.#onPressure(false);
      }
      return;
    }
    const [waiter] = this.#waiters;
    if (waiter === undefined) return permit.release();
    this.#waiters.delete(waiter);
    waiter.resolve(this.#tapped(permit));
  }

  #send(permit: ConduitPermit<Message>, { message, onDone }: Control): void {
    try {
      this.#tapped(permit).send(message);
    } catch (error) {
      // A message of our own that cannot be sent and that nobody asks after was void anyway.
      return onDone?.(error);
    }
    onDone?.();
  }

  /** Sends what is queued, then ends the outbound direction. */
  async close(cause: RoamError): Promise<void> {
    this.#turnAway(cause);
    if (this.#controls.size > 0) await new Promise<void>((resolve) => (this.#onDrained = resolve));
    this.fail(cause);
    await this.#tx.close();
  }

  fail(error: RoamError): void {
    this.#failure ??= error;
    this.#controls.drain();
    this.#turnAway(error);
    this.#onDrained?.();
  }

  #turnAway(error: RoamError): void {
    this.#closing ??= error;
    for (const waiter of this.#waiters) waiter.reject(this.#closing);
    this.#waiters.clear();
  }
}
