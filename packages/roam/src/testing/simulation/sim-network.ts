import type { LinkSource } from "../../conduit/stable/link-source.ts";
import { abortReason, RoamError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Link, Listener } from "../../link/link.ts";
import { CALM, checkPlan, type Fault, type FaultPlan, type Side } from "./fault-plan.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimLink } from "./sim-link.ts";
import type { SimTrace } from "./sim-trace.ts";

type OnLink = (link: Link) => void;

/** A length prefix and a hello: what a twin repeats (bytes). */
const FIRST_PAYLOAD_BYTES = 4 + 25;

/** Bytes that arrived over one link, by who sent them. */
export type LinkBytes = Readonly<Record<Side, number>>;

/** What a network has seen. */
export interface NetworkCounts {
  /** Links dialled; twins are not counted. */
  readonly links: number;
  readonly refused: number;
  /** Links cut by faults that came to pass. */
  readonly cuts: number;
  /** Bytes that arrived over all of them, both ways. */
  readonly bytes: number;
}

/**
 * A network in memory: links whose bytes take time on a virtual clock, and a plan of what goes
 * wrong with them. All its luck comes from a seed.
 */
export class SimNetwork {
  readonly #clock: Clock;
  readonly #plan: FaultPlan;
  readonly #random: SeededRandom;
  readonly #trace: SimTrace | undefined;
  readonly #listeners = new Map<string, OnLink>();
  readonly #open = new Set<SimLink>();
  readonly #timers = new Set<() => void>();
  #links = 0;
  #refused = 0;
  #cuts = 0;
  /** By the number of the link; those of twins stand under their negative ones. */
  readonly #bytes = new Map<number, LinkBytes>();

  /**
   * @param options.onRestart a server is to lose everything it knows, `downMs` later to be back
   * @throws RangeError for a plan that cannot be followed
   */
  constructor(options: {
    clock: Clock;
    seed: number;
    plan?: FaultPlan;
    trace?: SimTrace | undefined;
    onRestart?: (downMs: number) => void;
  }) {
    this.#clock = options.clock;
    this.#plan = options.plan ?? CALM;
    checkPlan(this.#plan);
    this.#random = new SeededRandom(options.seed, "network");
    this.#trace = options.trace;
    for (const fault of this.#plan.faults) {
      if (fault.kind === "cut-all") this.#at(fault.atMs, () => this.cutAll());
      else if (fault.kind === "restart") {
        this.#at(fault.atMs, () => {
          this.#trace?.("restart", { downMs: fault.downMs });
          this.cutAll();
          options.onRestart?.(fault.downMs);
        });
      }
    }
  }

  get counts(): NetworkCounts {
    let bytes = 0;
    for (const { client, server } of this.linkBytes) bytes += client + server;
    return { links: this.#links, refused: this.#refused, cuts: this.#cuts, bytes };
  }

  /** By link, in the order of dials. */
  get linkBytes(): readonly LinkBytes[] {
    for (const link of this.#open) this.#bytes.set(link.index, bytesOf(link));
    return Array.from({ length: this.#links }, (_, link) => this.#bytes.get(link) as LinkBytes);
  }

  /** Links that have an end that is not gone. */
  get open(): ReadonlySet<SimLink> {
    return this.#open;
  }

  /** Something was committed in this turn that goes out at its end. */
  get isUnflushed(): boolean {
    for (const link of this.#open) if (link.isUnflushed) return true;
    return false;
  }

  /** Takes what is dialled under that name: fits `serveHandler`. */
  async listen(name: string, onLink: OnLink): Promise<Listener> {
    if (this.#listeners.has(name)) throw new RoamError("io", `${name} is taken`);
    this.#listeners.set(name, onLink);
    const close = async () => {
      if (this.#listeners.get(name) === onLink) this.#listeners.delete(name);
    };
    return { address: `sim://${name}`, close };
  }

  /** Dials who listens under that name: fits `connect`. */
  source(name: string): LinkSource {
    return { next: ({ signal }) => this.#dial(name, signal) };
  }

  /** Cuts every link there is; both ends of each see it at once. */
  cutAll(): void {
    for (const link of [...this.#open]) link.cut("both");
  }

  /** Plans nothing more. Links live on. */
  stop(): void {
    for (const stop of this.#timers) stop();
    this.#timers.clear();
  }

  #at(atMs: number, run: () => void): void {
    const stop = this.#clock.after(atMs - this.#clock.nowMs(), () => {
      this.#timers.delete(stop);
      run();
    });
    this.#timers.add(stop);
  }

  #dial(name: string, signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      let link: SimLink | undefined;
      const onAbort = () => {
        stop();
        link?.client.destroy();
        reject(abortReason(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      const settle = (act: () => void) => {
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const refusal = this.#refusal();
      const { client, server } = this.#plan.latencyMs;
      let stop = () => {};
      if (refusal?.isSilent) return;
      stop = this.#clock.after(client, () => {
        const onLink = this.#listeners.get(name);
        const isRefused = refusal !== undefined || onLink === undefined;
        if (!isRefused) link = this.#connect(name, onLink);
        stop = this.#clock.after(server, () => {
          if (link !== undefined) return settle(() => resolve((link as SimLink).client));
          this.#refused++;
          this.#trace?.("refused", { name });
          settle(() => reject(new RoamError("io", `${name} refuses the connection`)));
        });
      });
    });
  }

  #refusal(): Extract<Fault, { kind: "refuse" }> | undefined {
    const nowMs = this.#clock.nowMs();
    for (const fault of this.#plan.faults) {
      if (fault.kind === "refuse" && nowMs >= fault.atMs && nowMs < fault.atMs + fault.forMs) return fault;
    }
    return undefined;
  }

  #connect(name: string, onLink: OnLink): SimLink {
    const index = this.#links++;
    const link = this.#link(index, name, this.#plan);
    this.#trace?.("link", { link: index, name });
    for (const fault of this.#plan.faults) {
      if (fault.kind === "twin" && fault.link === index) this.#planTwin(link, fault, name);
    }
    onLink(link.server);
    return link;
  }

  #link(index: number, peer: string, plan: FaultPlan): SimLink {
    const link = new SimLink({
      index,
      peer,
      plan,
      clock: this.#clock,
      random: this.#random,
      trace: this.#trace,
      onCut: () => this.#cuts++,
      onGone: () => {
        this.#open.delete(link);
        this.#bytes.set(index, bytesOf(link));
      },
    });
    this.#open.add(link);
    return link;
  }

  #planTwin(link: SimLink, fault: Extract<Fault, { kind: "twin" }>, name: string): void {
    const first: number[] = [];
    link.onClientBytes = (pieces) => {
      for (const piece of pieces) first.push(...piece.subarray(0, FIRST_PAYLOAD_BYTES - first.length));
      if (first.length < FIRST_PAYLOAD_BYTES) return;
      link.onClientBytes = undefined;
      this.#clock.after(Math.max(0, -fault.aheadMs), () => {
        this.#openTwin(link.index, Uint8Array.from(first), fault.openMs, name);
      });
    };
  }

  #openTwin(of: number, first: Uint8Array, openMs: number, name: string): void {
    const onLink = this.#listeners.get(name);
    if (onLink === undefined) return;
    this.#trace?.("twin", { link: of });
    // Its own number is nobody's: no fault is planned for it.
    const twin = this.#link(-1 - of, name, this.#plan);
    onLink(twin.server);
    twin.client.rx.start(
      () => {},
      () => {},
    );
    const permit = twin.client.tx.tryReserve();
    permit?.write(first.subarray(4), (writer, bytes) => writer.raw(bytes));
    this.#clock.after(openMs, () => twin.client.destroy());
  }
}

function bytesOf(link: SimLink): LinkBytes {
  return { client: link.arrived("client"), server: link.arrived("server") };
}
