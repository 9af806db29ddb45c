import { Connection } from "../connection/connection.ts";
import { RoamError } from "../errors.ts";
import type { ConnectionOpen, Id, Parity } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import type { ConnectionTable, Route } from "./connection-table.ts";
import { otherParity } from "./handshake.ts";
import type { Outbox } from "./outbox.ts";
import type { Session } from "./session.ts";
import type { ConnectionAcceptor, ConnectionDecision } from "./session-options.ts";

/** Answers the counterpart's opens, each exactly once: here, or as a far session does. */
export class InboundOpens {
  readonly #session: Session;
  readonly #connections: ConnectionTable;
  readonly #outbox: Outbox;
  readonly #acceptor: ConnectionAcceptor | undefined;
  /** Decisions that take their time. */
  readonly #waiting = new Set<AbortController>();
  /** Set: nothing new is accepted. */
  isDraining = false;

  constructor(
    session: Session,
    parts: { connections: ConnectionTable; outbox: Outbox; acceptor: ConnectionAcceptor | undefined },
  ) {
    this.#session = session;
    this.#connections = parts.connections;
    this.#outbox = parts.outbox;
    this.#acceptor = parts.acceptor;
  }

  /** @throws ProtocolError for an id that is not the opener's to use */
  onOpen(message: ConnectionOpen): void {
    const { connectionId: id, settings, metadata } = message;
    this.#connections.onOpen(id);
    const session = this.#session;
    const acceptor = this.#acceptor;
    // r[impl connection.open.rejection]
    const isFull = this.#connections.virtualCount > session.limits.maxVirtualConnections;
    if (acceptor === undefined || isFull || this.isDraining) return this.#reject(id);
    const decided = (decision: ConnectionDecision) => this.#decide(message, decision);
    const failed = (error: unknown) => {
      session.onHandlerError(error, { service: "", method: "acceptConnection" });
      this.#reject(id);
    };
    // Decided at once where possible: a call may follow the accept that we send.
    try {
      const { peer, principal } = session;
      const waiting = new AbortController();
      const { signal } = waiting;
      const decision = acceptor({ id, settings, metadata, session, peer, principal, signal });
      if (decision instanceof Promise) this.#wait(waiting, id, decision.then(decided).catch(failed));
      else decided(decision);
    } catch (error) {
      failed(error);
    }
  }

  /** No longer than a handshake may take. */
  #wait(waiting: AbortController, id: Id, decided: Promise<void>): void {
    const { clock, limits } = this.#session;
    const stopTimer = clock.after(limits.handshakeTimeoutMs, () => {
      waiting.abort(new RoamError("handshake", `no decision within ${limits.handshakeTimeoutMs} ms`));
      this.#reject(id);
    });
    this.#waiting.add(waiting);
    waiting.signal.addEventListener("abort", stopTimer, { once: true });
    void decided.finally(() => {
      stopTimer();
      this.#waiting.delete(waiting);
    });
  }

  /** The session is over. */
  fail(cause: RoamError): void {
    for (const waiting of this.#waiting) waiting.abort(cause);
    this.#waiting.clear();
  }

  #decide(open: ConnectionOpen, decision: ConnectionDecision): void {
    const { connectionId: id, settings, metadata } = open;
    if (!this.#isWaiting(id)) return;
    const session = this.#session;
    if (this.isDraining) return this.#reject(id);
    if ("forward" in decision) {
      return decision.forward(
        session,
        { id, settings, metadata },
        {
          isWaiting: () => this.#isWaiting(id),
          accepted: (route, far) => this.#accept(id, settings.parity, route, far),
          rejected: (far) => this.#reject(id, far),
        },
      );
    }
    const answer = Metadata.from(decision.metadata);
    checkMetadata(answer, session.limits);
    if (!decision.accept) return this.#reject(id, answer);
    const parity = otherParity(settings.parity);
    const { handler, maxConcurrentRequests = session.limits.maxConcurrentRequests } = decision;
    const { principal = session.principal } = decision;
    const connection = new Connection(
      { id, parity, counterpart: settings, metadata, handler, maxConcurrentRequests, principal },
      session,
    );
    this.#accept(id, settings.parity, connection, { maxConcurrentRequests, metadata: answer });
    decision.onOpen?.(connection);
  }

  /** The opener has not closed it, nor the session ended, since it asked. */
  #isWaiting(id: Id): boolean {
    return !this.#session.hasEnded && this.#connections.isUndecided(id);
  }

  // r[impl session.connection-settings.open]
  #accept(
    id: Id,
    opener: Parity,
    route: Route,
    answer: { readonly maxConcurrentRequests: number; readonly metadata: Metadata },
  ): void {
    const { maxConcurrentRequests, metadata } = answer;
    this.#connections.add(id, route);
    const settings = { parity: otherParity(opener), maxConcurrentRequests };
    this.#outbox.post({ tag: "ConnectionAccept", connectionId: id, settings, metadata }, (error) => {
      if (error === undefined) return;
      this.#session.onHandlerError(error, { service: "", method: "acceptConnection" });
      this.#connections.onRejected(id);
      route.fail(new RoamError("closed", "the accept could not be sent", { cause: error }));
      this.#outbox.post({ tag: "ConnectionReject", connectionId: id, metadata: Metadata.EMPTY });
    });
  }

  #reject(id: Id, metadata = Metadata.EMPTY): void {
    if (!this.#isWaiting(id)) return;
    this.#connections.onRejected(id);
    this.#outbox.post({ tag: "ConnectionReject", connectionId: id, metadata });
  }
}
