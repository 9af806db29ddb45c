import type { ConduitPermit } from "../conduit/conduit.ts";
import type { Session } from "../session/session.ts";
import type { MethodCounter, MethodStats } from "../session/session-stats.ts";
import type { SessionTap } from "../session/session-tap.ts";
import type { Body, Id, Message } from "../wire/message.ts";
import { addTap } from "./add-tap.ts";
import { ConnectionTrace, type Side } from "./connection-trace.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { bytesOf, measure, outcomeOf } from "./measured-body.ts";
import { TappedPermit } from "./tapped-permit.ts";

/**
 * Counts the calls of sessions by their methods, with bytes and latencies, for `session.stats()`; it
 * costs a microsecond or so for each call. Give it as `trace` to `connect` or `serve`.
 *
 * @param session counts on one that is there, from now on
 */
export function countMethods(session?: Session): { begin(session: Session): void } {
  const begin = (session: Session) => {
    if (session.methodCounter !== undefined || session.hasEnded) return;
    const counter = new MethodCounts(session);
    session.methodCounter = counter;
    const stop = addTap(session.tap, counter);
    void session.ended.then(stop);
  };
  if (session !== undefined) begin(session);
  return { begin };
}

interface Counts {
  calls: number;
  inFlight: number;
  failed: number;
  bytesIn: number;
  bytesOut: number;
  readonly latency: LatencyHistogram;
}

/** Methods counted on one connection; a peer that makes ids up must not fill the memory. */
const MOST_METHODS = 1_024;

class MethodCounts implements SessionTap, MethodCounter {
  readonly #session: Session;
  readonly #connections = new Map<Id, CountedConnection>();

  constructor(session: Session) {
    this.#session = session;
  }

  of(connectionId: Id): MethodStats[] {
    return this.#connections.get(connectionId)?.stats ?? [];
  }

  permit(permit: ConduitPermit<Message>): ConduitPermit<Message> {
    return new TappedPermit(permit, this);
  }

  sending(message: Message): boolean {
    measure(message);
    return true;
  }

  sent(message: Message): void {
    this.#count(message, "out");
  }

  received(message: Message): void {
    this.#count(message, "in");
  }

  waiting(): () => void {
    return () => {};
  }

  limited(): void {}

  handlerFailed(): void {}

  #count(message: Message, direction: "in" | "out"): void {
    switch (message.tag) {
      case "RequestCall":
        return this.#at(message.connectionId).call(message, direction, this.#session.clock.nowMs());
      case "RequestResponse":
        return this.#at(message.connectionId).answer(message, direction, this.#session.clock.nowMs());
      case "ChannelItem":
        return this.#at(message.connectionId).item(message.id, message.item, direction);
      case "ChannelClose":
      case "ChannelReset":
        this.#at(message.connectionId).trace.channels.delete(message.id);
        return;
      case "ConnectionClose":
        this.#connections.delete(message.connectionId);
    }
  }

  #at(id: Id): CountedConnection {
    let known = this.#connections.get(id);
    if (known === undefined) {
      known = new CountedConnection(this.#session, id);
      this.#connections.set(id, known);
    }
    return known;
  }
}

class CountedConnection {
  readonly trace: ConnectionTrace;
  readonly #counts: Readonly<Record<Side, Map<string, Counts>>> = { caller: new Map(), handler: new Map() };

  constructor(session: Session, id: Id) {
    this.trace = new ConnectionTrace(session.connections.find((one) => one.connectionId === id));
  }

  get stats(): MethodStats[] {
    return (["caller", "handler"] as const).flatMap((side) =>
      Array.from(this.#counts[side], ([method, { latency, ...counts }]) => ({
        method,
        side,
        ...counts,
        latency: latency.latency,
      })),
    );
  }

  call(message: Extract<Message, { tag: "RequestCall" }>, direction: "in" | "out", nowMs: number): void {
    const side = direction === "out" ? "caller" : "handler";
    const method = this.trace.nameOf(side, message);
    const counts = this.#of(side, method);
    if (counts === undefined) return;
    counts.calls++;
    counts.inFlight++;
    addBytes(counts, direction, message.args);
    this.trace.begin(side, message, method, nowMs);
  }

  answer(
    message: Extract<Message, { tag: "RequestResponse" }>,
    direction: "in" | "out",
    nowMs: number,
  ): void {
    const side = direction === "out" ? "handler" : "caller";
    const outcome = outcomeOf(message.ret);
    const call = this.trace.end(side, message.id, outcome === "ok" || outcome === "error");
    const counts = call && this.#of(side, call.method);
    if (counts === undefined) return;
    counts.inFlight--;
    if (outcome !== "ok") counts.failed++;
    counts.latency.add(nowMs - (call as { beginMs: number }).beginMs);
    addBytes(counts, direction, message.ret);
  }

  item(id: Id, item: Body, direction: "in" | "out"): void {
    const channel = this.trace.channels.get(id);
    const counts = channel && this.#counts[channel.side].get(channel.method);
    if (counts !== undefined) addBytes(counts, direction, item);
  }

  #of(side: Side, method: string): Counts | undefined {
    const known = this.#counts[side];
    let counts = known.get(method);
    if (counts === undefined && known.size < MOST_METHODS) {
      counts = {
        calls: 0,
        inFlight: 0,
        failed: 0,
        bytesIn: 0,
        bytesOut: 0,
        latency: new LatencyHistogram(),
      };
      known.set(method, counts);
    }
    return counts;
  }
}

function addBytes(counts: Counts, direction: "in" | "out", body: Body): void {
  if (direction === "in") counts.bytesIn += bytesOf(body);
  else counts.bytesOut += bytesOf(body);
}
