import { FrameKind } from "./frame-kind.ts";
import { ItemQueue } from "./item-queue.ts";
import { NUMBER_BYTES, type RawSocket } from "./raw-socket.ts";

/** Items that may be on their way; infinite where only the socket holds the sender back. */
export type RawWindow = 16 | typeof Number.POSITIVE_INFINITY;

const DONE: Promise<void> = Promise.resolve();

/** The sending end of a stream: within a window, if there is one, and at the pace of the socket. */
export class RawSender {
  readonly #socket: RawSocket;
  readonly #id: number;
  #credit: number;
  #onGrant: (() => void) | undefined;

  constructor(socket: RawSocket, id: number, window: RawWindow) {
    this.#socket = socket;
    this.#id = id;
    this.#credit = window;
  }

  /** One at a time: to be awaited before the next. */
  send(value: number): Promise<void> {
    if (this.#credit === 0) return this.#sendLater(value);
    this.#credit--;
    const isFree = this.#socket.sendNumber(FrameKind.item, this.#id, value, NUMBER_BYTES);
    return isFree ? DONE : this.#socket.drained();
  }

  async #sendLater(value: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onGrant = resolve;
    });
    return this.send(value);
  }

  grant(additional: number): void {
    this.#credit += additional;
    const resume = this.#onGrant;
    this.#onGrant = undefined;
    resume?.();
  }
}

/** The receiving end of a stream: a queue that gives credit back in halves of the window. */
export function rawReceiver(socket: RawSocket, id: number, window: RawWindow): ItemQueue {
  if (window === Number.POSITIVE_INFINITY) return new ItemQueue(() => {});
  const portion = window / 2;
  let taken = 0;
  return new ItemQueue(() => {
    if (++taken < portion) return;
    taken = 0;
    socket.sendNumber(FrameKind.grant, id, portion, NUMBER_BYTES);
  });
}
