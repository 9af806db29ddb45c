import type { Reader } from "roam-postcard";
import type { SendPermit } from "../channel/message-sink.ts";
import { asError, RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import { ownRest } from "../internal/own.ts";
import type { ConnectionMessage, Id } from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import type { Route } from "./connection-table.ts";
import { ConnectionRejected } from "./pending-opens.ts";
import type { Session } from "./session.ts";
import type { ConnectionDecision, Forward } from "./session-options.ts";

/** Messages held for one direction at which reading from their sender pauses. */
const HIGH_WATER = 64;

/** One direction of a forwarded connection: what comes from `source` goes out on `target`. */
class ProxyLeg implements Route {
  readonly #source: Session;
  readonly #target: Session;
  readonly #targetId: Id;
  readonly #queue = new Deque<ConnectionMessage>();
  readonly #onEnd: () => void;
  #isPumping = false;
  #isPaused = false;
  #hasEnded = false;

  constructor(source: Session, target: Session, targetId: Id, onEnd: () => void) {
    this.#source = source;
    this.#target = target;
    this.#targetId = targetId;
    this.#onEnd = onEnd;
  }

  onMessage(message: ConnectionMessage): void {
    if (this.#hasEnded) return;
    const forwarded = onto(message, this.#targetId);
    const permit = this.#queue.size === 0 ? this.#target.tryReserve() : undefined;
    if (permit !== undefined) return this.#send(permit, forwarded);
    this.#queue.push(kept(forwarded));
    if (this.#queue.size >= HIGH_WATER && !this.#isPaused) this.#pause(true);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#queue.size > 0) {
        const permit = this.#target.tryReserve() ?? (await this.#target.reserve());
        const message = this.#queue.shift();
        if (message === undefined) permit.release();
        else this.#send(permit, message);
        if (this.#isPaused && this.#queue.size < HIGH_WATER / 2) this.#pause(false);
      }
    } catch (error) {
      this.#break(error);
    } finally {
      this.#isPumping = false;
    }
  }

  // What the far link does not take cannot be left out either: the connection is over.
  #send(permit: SendPermit, message: ConnectionMessage): void {
    try {
      permit.send(message);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.fail(
      error instanceof RoamError ? error : new RoamError("io", asError(error).message, { cause: error }),
    );
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#source.pauseReading(isPaused);
  }

  /** The connection to the source is over: so is the one to the target. */
  fail(_cause: RoamError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#queue.drain();
    if (this.#isPaused) this.#pause(false);
    this.#target.closeConnection(this.#targetId);
    this.#onEnd();
  }
}

/**
 * Answers an open by opening the same connection with a far peer, and joins the two: ids,
 * payloads and metadata pass unchanged and undecoded, entries flagged NO_PROPAGATE excepted.
 */
// r[impl session.x.proxy]
export function forwardTo(far: Session): ConnectionDecision {
  return { forward: (...open) => forwardConnection(far, ...open) };
}

function forwardConnection(far: Session, ...[near, offered, answer]: Parameters<Forward>): void {
  const { id, settings } = offered;
  let unwanted: Id | undefined;
  let toFar: ProxyLeg | undefined;
  // Each side sees the other's limit and parity, so that nothing needs translation.
  far
    .openRoute({ metadata: offered.metadata.forwarded(), ...settings }, (accepted) => {
      const toNear = new ProxyLeg(far, near, id, () => toFar?.fail(gone()));
      toFar = new ProxyLeg(near, far, accepted.id, () => toNear.fail(gone()));
      const { maxConcurrentRequests } = accepted.counterpart;
      if (answer.isWaiting()) {
        answer.accepted(toFar, { maxConcurrentRequests, metadata: accepted.metadata.forwarded() });
      } else {
        toNear.fail(gone());
        unwanted = accepted.id;
      }
      return toNear;
    })
    .then(
      () => {
        if (unwanted !== undefined) far.closeConnection(unwanted);
      },
      (error: unknown) => {
        answer.rejected(error instanceof ConnectionRejected ? error.metadata.forwarded() : Metadata.EMPTY);
      },
    );
}

function gone(): RoamError {
  return new RoamError("closed", "the other half of the proxy has ended");
}

function onto(message: ConnectionMessage, connectionId: Id): ConnectionMessage {
  const forwarded = { ...message, connectionId };
  if ("metadata" in forwarded) return { ...forwarded, metadata: forwarded.metadata.forwarded() };
  return forwarded;
}

/** A message that has to wait must not pin the chunk it came in. */
function kept(message: ConnectionMessage): ConnectionMessage {
  if (message.tag === "RequestCall") return { ...message, args: ownRest(message.args as Reader) };
  if (message.tag === "RequestResponse") return { ...message, ret: ownRest(message.ret as Reader) };
  if (message.tag === "ChannelItem") return { ...message, item: ownRest(message.item as Reader) };
  return message;
}
