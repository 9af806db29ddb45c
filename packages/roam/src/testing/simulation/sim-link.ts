import type { Clock } from "../../internal/clock.ts";
import type { ByteStream, ByteStreamEvents } from "../../link/stream-link.ts";
import { StreamLink } from "../../link/stream-link.ts";
import type { Fault, FaultPlan, SeenBy, Side } from "./fault-plan.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimPipe } from "./sim-pipe.ts";
import type { SimTrace } from "./sim-trace.ts";

/** One end of a simulated link, as a transport offers it. */
class SimEnd implements ByteStream {
  readonly #link: SimLink;
  readonly #side: Side;
  readonly #out: SimPipe;
  readonly #in: SimPipe;
  #events: ByteStreamEvents | undefined;
  #isGone = false;

  constructor(link: SimLink, side: Side, out: SimPipe, inbound: SimPipe) {
    this.#link = link;
    this.#side = side;
    this.#out = out;
    this.#in = inbound;
  }

  /** Closed here, or told that the link is gone. */
  get isGone(): boolean {
    return this.#isGone;
  }

  start(events: ByteStreamEvents): void {
    this.#events = events;
    this.#in.read(events);
  }

  write(pieces: readonly Uint8Array[], onTaken: () => void): void {
    if (this.#side === "client") this.#link.onClientBytes?.(pieces);
    this.#out.write(pieces, onTaken);
  }

  end(onTaken: () => void): void {
    this.#out.end(onTaken);
  }

  destroy(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#link.onDestroyed(this.#side);
  }

  pause(): void {
    this.#in.pause();
  }

  resume(): void {
    this.#in.resume();
  }

  /** Tells it that the link is gone. */
  tell(isOrderly: boolean): void {
    if (this.#isGone) return;
    if (isOrderly) this.#events?.onEof();
    this.#events?.onClosed(isOrderly ? undefined : new Error("the simulation cut the link"));
    // A stream that nobody started has nobody to destroy it.
    if (this.#events === undefined) this.destroy();
  }
}

/** A link of a simulated network: two pipes, two ends, and the faults that are planned for it. */
export class SimLink {
  readonly index: number;
  readonly client: StreamLink;
  readonly server: StreamLink;
  readonly #ends: Readonly<Record<Side, SimEnd>>;
  readonly #pipes: Readonly<Record<Side, SimPipe>>;
  readonly #latencyMs: Readonly<Record<Side, number>>;
  readonly #clock: Clock;
  readonly #trace: SimTrace | undefined;
  readonly #onCut: () => void;
  readonly #onGone: (link: SimLink) => void;
  #isCut = false;
  #stopReset: (() => void) | undefined;
  /** Sees what the client writes. */
  onClientBytes: ((pieces: readonly Uint8Array[]) => void) | undefined;

  /**
   * @param options.index counts from 0 in the order of dials; negative for a twin
   * @param options.onCut the link was cut by a fault
   * @param options.onGone both its ends are gone
   */
  constructor(options: {
    index: number;
    peer: string;
    clock: Clock;
    random: SeededRandom;
    plan: FaultPlan;
    trace: SimTrace | undefined;
    onCut: () => void;
    onGone: (link: SimLink) => void;
  }) {
    const { index, clock, random, plan, trace } = options;
    this.index = index;
    this.#clock = clock;
    this.#trace = trace;
    this.#onCut = options.onCut;
    this.#onGone = options.onGone;
    const faults = plan.faults.filter((fault) => "link" in fault && fault.link === index);
    this.#latencyMs = {
      client: latencyOf(plan, faults, "client"),
      server: latencyOf(plan, faults, "server"),
    };
    const pipe = (from: Side) =>
      new SimPipe({
        link: index,
        from,
        clock,
        random,
        trace,
        travel: { ...plan, latencyMs: this.#latencyMs[from], bytesPerMs: bytesPerMsOf(faults, from) },
      });
    this.#pipes = { client: pipe("client"), server: pipe("server") };
    this.#ends = {
      client: new SimEnd(this, "client", this.#pipes.client, this.#pipes.server),
      server: new SimEnd(this, "server", this.#pipes.server, this.#pipes.client),
    };
    for (const fault of faults) this.#plan(fault);
    this.client = new StreamLink(this.#ends.client, { peer: options.peer });
    this.server = new StreamLink(this.#ends.server, { peer: `client of ${options.peer}` });
  }

  #plan(fault: Fault): void {
    if (fault.kind === "cut") {
      const { byte, seenBy, isOrderly = false, toldAfterMs } = fault;
      const reached = () => {
        this.cut(seenBy, isOrderly);
        if (toldAfterMs !== undefined) this.#clock.after(toldAfterMs, () => this.cut("both"));
      };
      this.#pipes[fault.from].mark({ byte, reached });
    } else if (fault.kind === "stall") {
      const { byte, from, ms } = fault;
      const reached = () => {
        this.#trace?.("stall", { link: this.index, from, ms });
        this.#pipes[from].stall(ms);
      };
      this.#pipes[from].mark({ byte, reached });
    }
  }

  /** Bytes that have arrived, by who sent them. */
  arrived(from: Side): number {
    return this.#pipes[from].arrived;
  }

  get isGone(): boolean {
    return this.#ends.client.isGone && this.#ends.server.isGone;
  }

  /** Something was committed in this turn that goes out at its end. */
  get isUnflushed(): boolean {
    const { client, server } = this.#ends;
    return (
      (!client.isGone && this.client.tx.writer.length > 0) ||
      (!server.isGone && this.server.tx.writer.length > 0)
    );
  }

  /** Nothing arrives any more. Who was not told before can be told later. */
  cut(seenBy: SeenBy, isOrderly = false): void {
    if (this.isGone) return;
    this.#trace?.("cut", { link: this.index, seenBy, ...(isOrderly && { isOrderly }) });
    if (!this.#isCut) this.#onCut();
    this.#isCut = true;
    this.#pipes.client.cut();
    this.#pipes.server.cut();
    if (seenBy === "both" || seenBy === "client") this.#ends.client.tell(isOrderly);
    if (seenBy === "both" || seenBy === "server") this.#ends.server.tell(isOrderly);
  }

  /** One end was closed. The other one hears it as over a socket: an end, or a reset. */
  onDestroyed(side: Side): void {
    this.#trace?.("closed", { link: this.index, by: side });
    const other = side === "client" ? "server" : "client";
    const inbound = this.#pipes[other];
    if (this.isGone) {
      // Nobody is left to whom something could arrive.
      this.#pipes.client.cut();
      this.#pipes.server.cut();
      this.#stopReset?.();
      this.#onGone(this);
    } else if (!this.#isCut) {
      // Who closes a socket with bytes unread resets the connection; who gets more of them too.
      if (inbound.isUnread) this.#resetSoon(other);
      else this.#pipes[side].abandon();
      inbound.leave(() => this.#resetSoon(other));
    }
  }

  #resetSoon(side: Side): void {
    this.#stopReset ??= this.#clock.after(this.#latencyMs[side === "client" ? "server" : "client"], () => {
      if (!this.#isCut) this.#ends[side].tell(false);
    });
  }

  toString(): string {
    const state = (side: Side) => (this.#ends[side].isGone ? "gone" : "open");
    const bytes = `${this.arrived("client")} bytes up, ${this.arrived("server")} down`;
    return `link ${this.index}: client ${state("client")}, server ${state("server")}, ${bytes}${this.#isCut ? ", cut" : ""}`;
  }
}

function latencyOf(plan: FaultPlan, faults: readonly Fault[], from: Side): number {
  let ms = plan.latencyMs[from];
  for (const fault of faults) {
    if (fault.kind === "delay" && fault.from === from) ms += fault.ms;
    if (fault.kind === "twin" && from === "client") ms += Math.max(0, fault.aheadMs);
  }
  return ms;
}

function bytesPerMsOf(faults: readonly Fault[], from: Side): number {
  let bytesPerMs = Number.POSITIVE_INFINITY;
  for (const fault of faults) {
    if (fault.kind === "slow" && fault.from === from) bytesPerMs = Math.min(bytesPerMs, fault.bytesPerMs);
  }
  return bytesPerMs;
}
