import { Reader } from "roam-postcard";
import type { Conduit, ConduitPermit, ConduitRx, ConduitTx, Role } from "../conduit/conduit.ts";
import { asError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { Deque } from "../internal/deque.ts";
import { own } from "../internal/own.ts";
import type { Body, Message } from "../wire/message.ts";

/** Messages held for one direction at which reading from their sender pauses. */
const HIGH_WATER = 64;
/** Time for the other side to end once one side has (ms). */
const END_MS = 2_000;

/** Who listens to a session that passes by. */
export interface Tap {
  /**
   * A message, before it goes on; bodies are bytes, views that are good for the call only. What is
   * returned is waited for, and until then nothing more is read from that side.
   */
  onMessage(message: Message, from: Role): void | Promise<void>;
  /** The session is over. `from` is who ended it; the cause is missing where that was in order. */
  onEnd?(from: Role, cause?: RoamError): void;
}

/** One session that passes through: what comes from either side goes on to the other. */
export class ProxiedSession {
  readonly peer: string;
  readonly #near: Conduit<Message>;
  readonly #far: Conduit<Message>;
  readonly #tap: Tap | undefined;
  readonly #clock: Clock;
  readonly #ended = deferred<void>();
  readonly #legs: readonly Leg[];
  #stopTimer: (() => void) | undefined;
  #hasEnded = false;

  /**
   * @param near the conduit of the one who dialled
   * @param far the conduit of the one who serves
   */
  constructor(
    near: Conduit<Message>,
    far: Conduit<Message>,
    options: { readonly tap: Tap | undefined; readonly clock: Clock; readonly maxPayloadBytes: number },
  ) {
    this.peer = near.peer;
    this.#near = near;
    this.#far = far;
    this.#tap = options.tap;
    this.#clock = options.clock;
    const [nearEnds, farEnds] = [near.split(), far.split()];
    for (const { tx, rx } of [nearEnds, farEnds]) {
      tx.maxPayloadBytes = options.maxPayloadBytes;
      rx.maxPayloadBytes = options.maxPayloadBytes;
    }
    const leg = (rx: ConduitRx<Message>, tx: ConduitTx<Message>, from: Role) =>
      new Leg(rx, tx, {
        onMessage: this.#tap && ((message) => this.#tap?.onMessage(message, from)),
        onEnd: (cause) => this.#onEnd(from, cause),
      });
    this.#legs = [leg(nearEnds.rx, farEnds.tx, "initiator"), leg(farEnds.rx, nearEnds.tx, "acceptor")];
    for (const one of this.#legs) one.start();
  }

  /** Resolves when both sides are gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends both sides; what was read goes on to the other. */
  async close(): Promise<void> {
    this.#onEnd("acceptor", undefined);
    for (const leg of this.#legs) leg.close();
    await this.ended;
  }

  /** One side has ended: so does the other, once it has what was sent. */
  #onEnd(from: Role, cause: RoamError | undefined): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#tap?.onEnd?.(from, cause);
      this.#stopTimer = this.#clock.after(END_MS, () => this.#destroy(cause));
    }
    if (cause !== undefined || this.#legs.every(({ isDone }) => isDone)) this.#destroy(cause);
  }

  #destroy(cause: RoamError | undefined): void {
    this.#stopTimer?.();
    for (const leg of this.#legs) leg.stop();
    this.#near.destroy(cause);
    this.#far.destroy(cause);
    this.#ended.resolve();
  }
}

interface LegEvents {
  readonly onMessage: ((message: Message) => void | Promise<void>) | undefined;
  onEnd(cause: RoamError | undefined): void;
}

interface Waiting {
  readonly message: Message;
  /** The tap has seen it. */
  readonly isTold: boolean;
}

/** One direction. */
class Leg {
  readonly #rx: ConduitRx<Message>;
  readonly #tx: ConduitTx<Message>;
  readonly #events: LegEvents;
  readonly #queue = new Deque<Waiting>();
  #isPumping = false;
  #isPaused = false;
  #isStopped = false;
  /** Set: nothing more comes, what is queued still goes. */
  #isClosing = false;
  /** The receiver was told that no more comes. */
  #isClosed = false;
  /** The sender has ended. */
  #hasEnded = false;

  constructor(rx: ConduitRx<Message>, tx: ConduitTx<Message>, events: LegEvents) {
    this.#rx = rx;
    this.#tx = tx;
    this.#events = events;
  }

  start(): void {
    this.#rx.start(
      (message) => this.#onItem(message),
      (cause) => {
        this.#hasEnded = true;
        if (cause !== undefined) this.#break(cause);
        else if (this.#isClosed) this.#events.onEnd(undefined);
        else this.close();
      },
    );
  }

  close(): void {
    if (this.#isClosing || this.#isStopped) return;
    this.#isClosing = true;
    if (!this.#isPumping) void this.#pump();
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.drain();
  }

  #onItem(received: Message): void {
    if (this.#isStopped || this.#isClosing) return;
    const message = passedOn(received);
    if (this.#isPumping) return this.#hold(message, false);
    const told = this.#events.onMessage?.(message);
    const permit = told === undefined ? this.#tx.tryReserve() : undefined;
    if (permit !== undefined) return this.#send(permit, message);
    this.#hold(message, true);
    void this.#pump(told);
  }

  #hold(message: Message, isTold: boolean): void {
    this.#queue.push({ message: kept(message), isTold });
    if (this.#queue.size >= HIGH_WATER && !this.#isPaused) this.#pause(true);
  }

  /** @param told how the oldest one was told of, if it was */
  async #pump(told?: void | Promise<void>): Promise<void> {
    this.#isPumping = true;
    try {
      if (told !== undefined) await told;
      while (!this.#isStopped) {
        const waiting = this.#queue.shift();
        if (waiting === undefined) break;
        const { message, isTold } = waiting;
        const telling = isTold ? undefined : this.#events.onMessage?.(message);
        if (telling !== undefined) await telling;
        const permit = this.#tx.tryReserve() ?? (await this.#tx.reserve());
        if (this.#isStopped) permit.release();
        else this.#send(permit, message);
        if (this.#isPaused && this.#queue.size < HIGH_WATER / 2) this.#pause(false);
      }
      if (this.#isClosing && !this.#isStopped) await this.#finish();
    } catch (error) {
      this.#break(error);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Both ends of it are over. */
  get isDone(): boolean {
    return this.#isClosed && this.#hasEnded;
  }

  async #finish(): Promise<void> {
    // Told at once: the other direction may have to end for this one to be over.
    if (this.#hasEnded) this.#events.onEnd(undefined);
    await this.#tx.close();
    this.#isClosed = true;
    this.#events.onEnd(undefined);
  }

  #send(permit: ConduitPermit<Message>, message: Message): void {
    try {
      permit.send(message);
    } catch (error) {
      this.#break(error);
    }
  }

  // What one side does not take cannot be left out either: the session is over.
  #break(error: unknown): void {
    if (this.#isStopped) return;
    const cause =
      error instanceof RoamError ? error : new RoamError("io", asError(error).message, { cause: error });
    this.#events.onEnd(cause);
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#rx.pause();
    else this.#rx.resume();
  }
}

/** The message as it goes on: bodies as bytes, without metadata that may not propagate. */
// r[impl rpc.metadata.flags.no-propagate]
function passedOn(message: Message): Message {
  const seen = "metadata" in message ? { ...message, metadata: message.metadata.forwarded() } : message;
  return withBody(seen, bytesOf);
}

/** A message that has to wait must not pin the chunk it came in. */
function kept(message: Message): Message {
  return withBody(message, (body) => own(bytesOf(body)));
}

function withBody(message: Message, change: (body: Body) => Uint8Array): Message {
  if (message.tag === "RequestCall") return { ...message, args: change(message.args) };
  if (message.tag === "RequestResponse") return { ...message, ret: change(message.ret) };
  if (message.tag === "ChannelItem") return { ...message, item: change(message.item) };
  return message;
}

function bytesOf(body: Body): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body instanceof Reader) return body.bytes.subarray(body.offset, body.end);
  throw new TypeError("received bodies are bytes");
}
