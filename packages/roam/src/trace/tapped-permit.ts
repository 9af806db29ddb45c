import type { ConduitPermit } from "../conduit/conduit.ts";
import { dispose } from "../internal/dispose.ts";
import type { SessionTap } from "../session/session-tap.ts";
import type { Message } from "../wire/message.ts";

/** A permit whose message is told to a tap. */
export class TappedPermit implements ConduitPermit<Message> {
  readonly #permit: ConduitPermit<Message>;
  readonly #tap: SessionTap;

  constructor(permit: ConduitPermit<Message>, tap: SessionTap) {
    this.#permit = permit;
    this.#tap = tap;
  }

  send(message: Message): void {
    const isTold = this.#tap.sending(message);
    this.#permit.send(message);
    if (isTold) this.#tap.sent(message);
  }

  release(): void {
    this.#permit.release();
  }

  [dispose](): void {
    this.#permit.release();
  }
}
