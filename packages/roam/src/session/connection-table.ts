import { EndedIds } from "../channel/ended-ids.ts";
import { ProtocolError, type RoamError } from "../errors.ts";
import type { ConnectionMessage, Id, Parity } from "../wire/message.ts";

/** Where the messages of one connection go: to calls and channels here, or on to another peer. */
export interface Route {
  onMessage(message: ConnectionMessage): void;
  fail(cause: RoamError): void;
}

/** The connections of a session by id, and which ids are over. */
export class ConnectionTable {
  readonly #routes = new Map<Id, Route>();
  /** Opened by the counterpart and not yet decided. */
  readonly #undecided = new Set<Id>();
  readonly #closedHere = { odd: new EndedIds(), even: new EndedIds() };
  readonly #closedThere = { odd: new EndedIds(), even: new EndedIds() };
  readonly #parity: Parity;
  #nextId: number;

  constructor(parity: Parity) {
    this.#parity = parity;
    this.#nextId = parity === "odd" ? 1 : 2;
  }

  /** Virtual connections, the undecided ones included. */
  get virtualCount(): number {
    return this.#routes.size + this.#undecided.size - (this.#routes.has(0) ? 1 : 0);
  }

  allocate(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  get(id: Id): Route | undefined {
    return this.#routes.get(id);
  }

  add(id: Id, route: Route): void {
    this.#undecided.delete(id);
    this.#routes.set(id, route);
  }

  /**
   * A message came on a connection that is not open.
   *
   * @param isStrict whether those count that published peers ignore
   * @throws ProtocolError where its sender cannot have taken it for open
   */
  onStray({ tag, connectionId: id }: ConnectionMessage, isStrict: boolean): void {
    if (this.isUndecided(id)) {
      throw new ProtocolError(
        "connection.open",
        `${tag} on connection ${id}, which its sender only asked for`,
      );
    }
    // It crossed our close on the wire; or its sender closed the connection, as published callers
    // do not notice; or there never was one. Published peers ignore all of them.
    if (!isStrict) return;
    if (this.wasClosedThere(id)) {
      throw new ProtocolError(
        "connection.close.semantics",
        `${tag} on connection ${id}, which its sender closed`,
      );
    }
    if (!this.isOver(id)) throw new ProtocolError("connection", `${tag} on unknown connection ${id}`);
  }

  /**
   * The counterpart opens `id`.
   *
   * @throws ProtocolError for an id of our parity, in use, or used before
   */
  // r[impl connection.open]
  onOpen(id: Id): void {
    const isOdd = typeof id === "bigint" ? (id & 1n) === 1n : id % 2 === 1;
    if (id === 0 || isOdd === (this.#parity === "odd")) {
      throw new ProtocolError("connection.open", `connection id ${id} is not the opener's`);
    }
    if (this.isKnown(id)) {
      throw new ProtocolError("connection.open", `connection id ${id} was used before`);
    }
    this.#undecided.add(id);
  }

  /** The id was opened, by either side, whatever became of it. */
  isKnown(id: Id): boolean {
    return this.#routes.has(id) || this.#undecided.has(id) || this.isOver(id);
  }

  isUndecided(id: Id): boolean {
    return this.#undecided.has(id);
  }

  /** The open was answered with a rejection. */
  onRejected(id: Id): void {
    this.#undecided.delete(id);
    this.#routes.delete(id);
    endedIn(this.#closedHere, id).add(id);
  }

  removeClosedHere(id: Id): void {
    this.#routes.delete(id);
    endedIn(this.#closedHere, id).add(id);
  }

  removeClosedThere(id: Id): Route | undefined {
    const route = this.#routes.get(id);
    this.#routes.delete(id);
    this.#undecided.delete(id);
    endedIn(this.#closedThere, id).add(id);
    return route;
  }

  isOver(id: Id): boolean {
    return endedIn(this.#closedHere, id).has(id) || this.wasClosedThere(id);
  }

  wasClosedThere(id: Id): boolean {
    return endedIn(this.#closedThere, id).has(id);
  }

  all(): Iterable<Route> {
    return this.#routes.values();
  }

  clear(): Route[] {
    const routes = [...this.#routes.values()];
    this.#routes.clear();
    this.#undecided.clear();
    return routes;
  }
}

// Stretches of ended ids are kept per parity, for neighbours are 2 apart.
function endedIn(ids: Record<Parity, EndedIds>, id: Id): EndedIds {
  const isOdd = typeof id === "bigint" ? (id & 1n) === 1n : id % 2 === 1;
  return isOdd ? ids.odd : ids.even;
}
