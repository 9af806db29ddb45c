import { dispose } from "../../internal/dispose.ts";
import type { ConduitPermit } from "../conduit.ts";

/** What a permit goes back to. */
export interface PermitOwner<M> {
  /** The permit is spent. */
  sent(item: M): void;
  /** It came back unused. */
  released(): void;
}

/** Bound to the session, not to a link: it survives the link's replacement. */
export class StablePermit<M> implements ConduitPermit<M> {
  #conduit: PermitOwner<M> | undefined;

  constructor(conduit: PermitOwner<M>) {
    this.#conduit = conduit;
  }

  send(item: M): void {
    const conduit = this.#conduit;
    if (conduit === undefined) throw new TypeError("permit already used");
    this.#conduit = undefined;
    conduit.sent(item);
  }

  release(): void {
    this.#conduit?.released();
    this.#conduit = undefined;
  }

  [dispose](): void {
    this.release();
  }
}
