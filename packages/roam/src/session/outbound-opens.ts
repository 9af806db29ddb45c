import { RoamError } from "../errors.ts";
import type { Id, Parity } from "../wire/message.ts";
import { checkMetadata, Metadata, type MetadataInit } from "../wire/metadata.ts";
import type { ConnectionTable, Route } from "./connection-table.ts";
import type { Outbox } from "./outbox.ts";
import { PendingOpens } from "./pending-opens.ts";
import type { Session } from "./session.ts";
import type { AcceptedConnection } from "./session-parts.ts";

export interface RouteOptions {
  readonly metadata?: MetadataInit;
  readonly parity: Parity;
  /** Announced there (default: the session's limit). */
  readonly maxConcurrentRequests?: number;
}

/** Our opens of virtual connections, and their answers. */
export class OutboundOpens extends PendingOpens {
  readonly #session: Session;
  readonly #connections: ConnectionTable;
  readonly #outbox: Outbox;

  constructor(session: Session, parts: { connections: ConnectionTable; outbox: Outbox }) {
    super(session.limits.maxPendingOpens);
    this.#session = session;
    this.#connections = parts.connections;
    this.#outbox = parts.outbox;
  }

  /** As `Session.openRoute`; the session has not ended. */
  async open<R extends Route>(
    options: RouteOptions,
    make: (accepted: AcceptedConnection) => R,
    signal?: AbortSignal,
  ): Promise<R> {
    const { limits } = this.#session;
    const { parity, maxConcurrentRequests = limits.maxConcurrentRequests } = options;
    const metadata = Metadata.from(options.metadata);
    checkMetadata(metadata, limits);
    this.#expectRoom(1);
    await this.enter(signal);
    let id: Id;
    try {
      // Others were before us in the line.
      this.#expectRoom(0);
      const permit = this.#outbox.tryReserve() ?? (await this.#outbox.reserve(signal));
      id = this.#connections.allocate();
      // r[impl session.connection-settings.open]
      const settings = { parity, maxConcurrentRequests };
      permit.send({ tag: "ConnectionOpen", connectionId: id, settings, metadata });
    } catch (error) {
      this.leave();
      throw error;
    }
    return this.wait(
      id,
      (accept) => {
        const route = make({ id, counterpart: accept.settings, metadata: accept.metadata });
        this.#connections.add(id, route);
        return route;
      },
      { parity, signal, onUnwanted: () => this.#session.closeConnection(id) },
    );
  }

  #expectRoom(more: 0 | 1): void {
    const { maxVirtualConnections } = this.#session.limits;
    if (this.#connections.virtualCount + this.size + more <= maxVirtualConnections) return;
    this.#session.onLimit("maxVirtualConnections");
    throw new RoamError("too-large", `${maxVirtualConnections} virtual connections are open already`);
  }
}
