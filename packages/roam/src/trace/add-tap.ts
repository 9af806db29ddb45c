import type { ConduitPermit } from "../conduit/conduit.ts";
import type { Limits } from "../limits.ts";
import type { SessionTap, TapPoint } from "../session/session-tap.ts";
import type { Id, Message } from "../wire/message.ts";
import { TappedPermit } from "./tapped-permit.ts";

const taps = new WeakMap<TapPoint, Set<SessionTap>>();

/** Looks on at a session, beside others who do. @returns what ends it */
export function addTap(point: TapPoint, tap: SessionTap): () => void {
  const all = taps.get(point) ?? new Set();
  taps.set(point, all);
  const choose = () => {
    const [only] = all;
    point.current = all.size > 1 ? new SeveralTaps([...all]) : only;
  };
  all.add(tap);
  choose();
  return () => {
    all.delete(tap);
    choose();
  };
}

class SeveralTaps implements SessionTap {
  readonly #taps: readonly SessionTap[];
  /** Those who are to hear of the message that is being sent. */
  #told: readonly SessionTap[] = [];

  constructor(taps: readonly SessionTap[]) {
    this.#taps = taps;
  }

  permit(permit: ConduitPermit<Message>): ConduitPermit<Message> {
    return new TappedPermit(permit, this);
  }

  sending(message: Message): boolean {
    this.#told = this.#taps.filter((tap) => tap.sending(message));
    return this.#told.length > 0;
  }

  sent(message: Message): void {
    for (const tap of this.#told) tap.sent(message);
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
