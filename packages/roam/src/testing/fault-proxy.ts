import { once } from "node:events";
import { createServer, connect as netConnect, type Server, type Socket } from "node:net";
import { RoamError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { asyncDispose } from "../internal/dispose.ts";
import { unreachable } from "../internal/unreachable.ts";
import { ProxiedConnection, resetSocket } from "./proxied-connection.ts";
import { boundTo, type Endpoint, endpointOf, type ProxyAddress, urlOf } from "./proxy-address.ts";
import { type CutHow, checkAmounts, type ProxyFault, type ProxyStep } from "./proxy-fault.ts";
import type { ByteMark, Flow } from "./proxy-pipe.ts";
import type { Side } from "./simulation/fault-plan.ts";

export type { CutHow, FaultProxy, ProxyAddress, ProxyFault, ProxyStep, Side };

export interface FaultProxyOptions {
  /** Where connections go on to. */
  readonly upstream: ProxyAddress;
  /** A free port of 127.0.0.1 if left out. */
  readonly listen?: ProxyAddress;
  /** From 0 to 1, without 1: decides the jitter, and where in a range a connection is cut. */
  readonly random?: () => number;
  readonly clock?: Clock;
}

const FOREVER = Number.POSITIVE_INFINITY;

/**
 * Listens, and passes bytes between whoever dials and `upstream` until told to do worse.
 *
 * @throws RoamError `io` if the address cannot be had
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const upstream = endpointOf(options.upstream);
  const listen = endpointOf(options.listen ?? { host: "127.0.0.1", port: 0 });
  const server = createServer({ allowHalfOpen: true }).listen(listen.socket);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new RoamError("io", `cannot listen on ${urlOf(listen)}`, { cause });
  }
  return new FaultProxy(server, upstream, options.clock ?? systemClock, options.random ?? Math.random);
}

/** A proxy whose connections can be made to fail. */
class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #bound: Endpoint;
  readonly #upstream: Endpoint;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #flows = { client: openFlow("client"), server: openFlow("server") };
  readonly #counts = { connections: 0, refused: 0, cuts: 0 };
  readonly #live = new Set<ProxiedConnection>();
  readonly #sockets = new Set<Socket>();
  #cutAfter: Extract<ProxyFault, { kind: "cut-after" }> = { kind: "cut-after" };
  #refusedUntilMs = -FOREVER;
  #marks: readonly ByteMark[] = [];
  #timers: readonly (() => void)[] = [];

  constructor(server: Server, upstream: Endpoint, clock: Clock, random: () => number) {
    // Accept errors (too many open files) pass; the proxy goes on.
    this.#server = server.on("connection", (client) => this.#take(client)).on("error", () => {});
    this.#bound = boundTo(server.address());
    this.#upstream = upstream;
    this.#clock = clock;
    this.#random = random;
  }

  /** Our own address: `tcp://…` or `unix:…`. */
  get address(): string {
    return urlOf(this.#bound);
  }

  /** What a client dials instead of the upstream: its scheme (or another) and path, at our address. */
  url(scheme: string = this.#upstream.scheme): string {
    return scheme === "unix" ? this.address : urlOf({ ...this.#bound, scheme, rest: this.#upstream.rest });
  }

  /** How many connections are live. One that was cut is not, whatever its ends know of it. */
  get connections(): number {
    return this.#live.size;
  }

  /** Since the start: connections taken, refused and cut; bytes handed on, by the side they are from. */
  get totals() {
    const { client, server } = this.#flows;
    return { ...this.#counts, bytes: { client: client.passedBytes, server: server.passedBytes } };
  }

  /** Bytes read and not yet handed on: at most 320 KiB for each direction of a connection. */
  get heldBytes(): number {
    return [...this.#live].reduce((sum, connection) => sum + connection.heldBytes, 0);
  }

  /** Cuts all live connections now. @returns how many */
  cut(how?: CutHow): number {
    return [...this.#live].filter((connection) => this.#cut(connection, how)).length;
  }

  // The other faults by their names; `ProxyFault` says what they do.
  cutAfter(bytes?: number | readonly [number, number], from?: Side, how?: CutHow): void {
    this.apply({ kind: "cut-after", bytes, from, how });
  }
  stall(forMs?: number, from?: Side): void {
    this.apply({ kind: "stall", forMs, from });
  }
  resume(from?: Side): void {
    this.stall(0, from);
  }
  delay(delay: { ms: number; jitterMs?: number; from?: Side }): void {
    this.apply({ kind: "delay", ...delay });
  }
  limit(bytesPerSecond?: number, from?: Side): void {
    this.apply({ kind: "limit", bytesPerSecond, from });
  }
  refuse(forMs?: number): void {
    this.apply({ kind: "refuse", forMs });
  }
  accept(): void {
    this.refuse(0);
  }

  /** @throws RangeError for an amount that is none */
  apply(fault: ProxyFault): void {
    checkAmounts(fault);
    switch (fault.kind) {
      case "cut":
        this.cut(fault.how);
        break;
      case "cut-after":
        this.#cutAfter = fault;
        break;
      case "stall":
        this.#setFlow(fault.from, { stalledUntilMs: this.#clock.nowMs() + (fault.forMs ?? FOREVER) });
        break;
      case "delay":
        this.#setFlow(fault.from, { delayMs: fault.ms, jitterMs: fault.jitterMs ?? 0 });
        break;
      case "limit":
        this.#setFlow(fault.from, { bytesPerSecond: fault.bytesPerSecond ?? FOREVER });
        break;
      case "refuse":
        this.#refusedUntilMs = this.#clock.nowMs() + (fault.forMs ?? FOREVER);
        break;
      default:
        unreachable(fault);
    }
    this.#pump();
  }

  /**
   * Starts a plan, in place of what is left of an earlier one.
   *
   * @throws RangeError for a moment or an amount that is none
   */
  run(plan: readonly ProxyStep[]): void {
    checkAmounts(plan);
    for (const cancel of this.#timers) cancel();
    if (!this.#server.listening) return;
    const timed = plan.filter((step) => "atMs" in step);
    const counted = plan.filter((step) => "atBytes" in step);
    this.#timers = timed.map(({ atMs, fault }) => this.#clock.after(atMs, () => this.apply(fault)));
    this.#marks = counted.map(({ atBytes, from, fault }) => {
      return { left: atBytes, from, reach: () => this.apply(fault) };
    });
    for (const mark of this.#marks) if (mark.left === 0) mark.reach();
    this.#pump();
  }

  /** Stops listening and destroys every socket; resolves when nothing is left open. */
  async close(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    const closed = [...this.#sockets, this.#server].map((open) => {
      return new Promise((resolve) => open.once("close", resolve));
    });
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(client: Socket): void {
    if (this.#clock.nowMs() < this.#refusedUntilMs) {
      this.#counts.refused++;
      resetSocket(client.on("error", () => {}));
      return;
    }
    this.#counts.connections++;
    const server = netConnect({ ...this.#upstream.socket, allowHalfOpen: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    const { bytes = FOREVER, from, how } = this.#cutAfter;
    const mark = { left: this.#drawn(bytes), from, reach: () => this.#cut(connection, how) };
    const marks = () => [mark, ...this.#marks].filter(({ left }) => left > 0);
    const context = { clock: this.#clock, random: this.#random, marks };
    const connection: ProxiedConnection = new ProxiedConnection(
      { client, server },
      this.#flows,
      context,
      () => this.#live.delete(connection),
    );
    this.#live.add(connection);
    if (mark.left === 0) mark.reach();
  }

  #drawn(bytes: number | readonly [number, number]): number {
    if (typeof bytes === "number") return bytes;
    const [least, most] = bytes;
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  #cut(connection: ProxiedConnection, how: CutHow = "reset"): boolean {
    const isCut = connection.cut(how);
    if (isCut) this.#counts.cuts++;
    return isCut;
  }

  #setFlow(from: Side | undefined, change: Partial<Flow>): void {
    for (const flow of [this.#flows.client, this.#flows.server]) {
      if ((from ?? flow.from) === flow.from) Object.assign(flow, change);
    }
  }

  #pump(): void {
    for (const connection of this.#live) connection.pump();
  }
}

function openFlow(from: Side): Flow {
  return { from, passedBytes: 0, stalledUntilMs: -FOREVER, delayMs: 0, jitterMs: 0, bytesPerSecond: FOREVER };
}
