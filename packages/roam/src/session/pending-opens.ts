import { abortReason, ProtocolError, RoamError } from "../errors.ts";
import { WaitLine } from "../internal/wait-line.ts";
import type { ConnectionAccept, ConnectionReject, Id, Parity } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";
import type { Route } from "./connection-table.ts";

/** The counterpart declined a virtual connection; its reasons are in `metadata`. */
export class ConnectionRejected extends RoamError {
  override readonly name: string = "ConnectionRejected";
  readonly metadata: Metadata;

  constructor(metadata: Metadata) {
    super("rejected", "the counterpart rejected the connection");
    this.metadata = metadata;
  }
}

interface Open {
  readonly parity: Parity;
  /** Makes the connection; what it returns is for whoever still waits. */
  accepted(accept: ConnectionAccept): void;
  rejected(error: RoamError): void;
}

/** Our opens that the counterpart has not answered. */
export class PendingOpens {
  readonly #opens = new Map<Id, Open>();
  readonly #line: WaitLine;
  #entered = 0;
  #failure: RoamError | undefined;

  constructor(maxPending: number) {
    this.#line = new WaitLine(() => {
      if (this.#entered >= maxPending) return false;
      this.#entered++;
      return true;
    });
  }

  /** Opens under way, those not sent yet included. */
  get size(): number {
    return this.#entered;
  }

  has(id: Id): boolean {
    return this.#opens.has(id);
  }

  /** A place among the opens under way. */
  enter(signal?: AbortSignal): Promise<void> {
    return this.#line.take(signal);
  }

  leave(): void {
    this.#entered--;
    this.#line.serve();
  }

  /**
   * Waits for the answer to an open that was sent.
   *
   * @param options.onUnwanted the accept came after the wait was aborted
   */
  wait<R extends Route>(
    id: Id,
    make: (accept: ConnectionAccept) => R,
    options: { parity: Parity; signal: AbortSignal | undefined; onUnwanted(): void },
  ): Promise<R> {
    const { signal, parity, onUnwanted } = options;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      let isAborted = false;
      const onAbort = () => {
        isAborted = true;
        reject(abortReason(signal as AbortSignal));
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
      const done = () => signal?.removeEventListener("abort", onAbort);
      this.#opens.set(id, {
        parity,
        accepted: (accept) => {
          done();
          const route = make(accept);
          if (isAborted) onUnwanted();
          else resolve(route);
        },
        rejected: (error) => {
          done();
          reject(error);
        },
      });
    });
  }

  /** @throws ProtocolError if nobody asked, or the parity is ours */
  onAccept(message: ConnectionAccept): void {
    // Before it is taken: who waits is told by what this ends.
    if (message.settings.parity === this.#opens.get(message.connectionId)?.parity) {
      throw new ProtocolError("session.connection-settings.open", "the accept claims the opener's parity");
    }
    this.#take(message).accepted(message);
  }

  onReject(message: ConnectionReject): void {
    this.#take(message).rejected(new ConnectionRejected(message.metadata));
  }

  #take({ tag, connectionId }: ConnectionAccept | ConnectionReject): Open {
    const open = this.#opens.get(connectionId);
    if (open === undefined)
      throw new ProtocolError("connection.open", `${tag} on ${connectionId} without an open`);
    this.#opens.delete(connectionId);
    this.leave();
    return open;
  }

  fail(cause: RoamError): void {
    this.#failure ??= cause;
    this.#line.fail(cause);
    for (const open of this.#opens.values()) open.rejected(cause);
    this.#opens.clear();
  }
}
