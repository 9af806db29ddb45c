import type { ConduitPermit } from "../conduit/conduit.ts";
import type { Limits } from "../limits.ts";
import type { Id, Message } from "../wire/message.ts";

/** Looks on at a session: see `roam/trace`. It is called in the middle of things and must not throw. */
export interface SessionTap {
  /** The same permit, which tells what is sent with it. */
  permit(permit: ConduitPermit<Message>): ConduitPermit<Message>;
  /**
   * Is about to be sent; it may get a body that measures the payload.
   *
   * @returns false if the tap need not hear that it was sent
   */
  sending(message: Message): boolean;
  /** The same message was sent. */
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

/** Where a session is looked on at; mostly nobody does, and that costs this look. */
export interface TapPoint {
  current: SessionTap | undefined;
}
