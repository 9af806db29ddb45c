import type { Limits } from "../limits.ts";
import type { Id, Message } from "../wire/message.ts";

/** Looks on at a session: see `roam/trace`. It is called in the middle of things and must not throw. */
export interface SessionTap {
  /** About to be sent. @returns what is sent: the same, its payload perhaps in a body that measures it */
  sending(message: Message): Message;
  /** Was sent, as `sending` gave it. */
  sent(message: Message): void;
  /** Came, and is about to be acted upon. */
  received(message: Message): void;
  /** Somebody begins to wait for a permit to send. @returns told when that is over */
  waiting(): () => void;
  /** A limit was reached, on a connection or on the session. */
  limited(limit: keyof Limits, connectionId?: Id): void;
  /** A handler failed by something that is not its method's own error. */
  handlerFailed(error: unknown, call: { readonly service: string; readonly method: string }): void;
}

/** Those who look on at one session; mostly nobody, which costs the look at `current`. */
export class SessionTaps {
  current: SessionTap | undefined;
  readonly #all = new Set<SessionTap>();

  /** @returns what ends it */
  add(tap: SessionTap): () => void {
    this.#all.add(tap);
    this.#choose();
    return () => {
      this.#all.delete(tap);
      this.#choose();
    };
  }

  #choose(): void {
    const all = [...this.#all];
    this.current = all.length > 1 ? new SeveralTaps(all) : all[0];
  }
}

class SeveralTaps implements SessionTap {
  readonly #taps: readonly SessionTap[];

  constructor(taps: readonly SessionTap[]) {
    this.#taps = taps;
  }

  sending(message: Message): Message {
    let sent = message;
    for (const tap of this.#taps) sent = tap.sending(sent);
    return sent;
  }

  sent(message: Message): void {
    for (const tap of this.#taps) tap.sent(message);
  }

  received(message: Message): void {
    for (const tap of this.#taps) tap.received(message);
  }

  waiting(): () => void {
    const over = this.#taps.map((tap) => tap.waiting());
    return () => {
      for (const each of over) each();
    };
  }

  limited(limit: keyof Limits, connectionId?: Id): void {
    for (const tap of this.#taps) tap.limited(limit, connectionId);
  }

  handlerFailed(error: unknown, call: { readonly service: string; readonly method: string }): void {
    for (const tap of this.#taps) tap.handlerFailed(error, call);
  }
}
