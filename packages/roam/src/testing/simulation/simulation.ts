import type { MiddlewareCall } from "../../call/middleware.ts";
import type { ConduitState } from "../../conduit/conduit-state.ts";
import { type Client, connect } from "../../connect.ts";
import { asError, RoamError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { Methods, Service } from "../../schema/service.ts";
import { implement, type ServeOptions, type Server, serveHandler } from "../../serve.ts";
import type { Session } from "../../session/session.ts";
import { ClaimError } from "../claims.ts";
import { VirtualClock } from "../virtual-clock.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { Scenario, ScenarioSource } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimNetwork } from "./sim-network.ts";
import type { SimEvent, SimTrace } from "./sim-trace.ts";

/** The name that the scenario's server listens under. */
const SERVER = "server";
/** Finds links that are half open; longer than a random plan's stalls. */
const KEEPALIVE = { intervalMs: 5_000, timeoutMs: 20_000 };
/** Longest wait before a session that could not be set up is tried again (ms). */
const MAX_RETRY_MS = 5_000;
/** Sessions tried for before a client is given up. */
const MAX_ATTEMPTS = 50;
/** Events kept, the last ones. */
const MAX_EVENTS = 200_000;

/** Nothing happens any more, or too much, before the end is reached. */
export class HangError extends Error {
  override readonly name: string = "HangError";
}

/** Something is left when all is over. */
export class LeakError extends Error {
  override readonly name: string = "LeakError";
}

/** One run of a scenario: what its client and handlers may use, and what is known of them. */
export class Simulation {
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly clock = new VirtualClock();
  /** Luck for the scenario's own use. */
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  /** What was counted, by the simulation and by `count`. */
  readonly counts: Record<string, number> = {
    resumes: 0,
    replayed: 0,
    retries: 0,
    restarts: 0,
    lostSessions: 0,
    expired: 0,
    hangs: 0,
    leaks: 0,
  };
  /** What was noted, if events are kept. */
  readonly events: SimEvent[] = [];
  /** The first thing that went wrong. */
  failure: Error | undefined;
  readonly #service: Service;
  readonly #scenario: Scenario;
  readonly #trace: SimTrace | undefined;
  readonly #calls = new Set<MiddlewareCall>();
  readonly #clients = new Map<string, Client<Methods>>();
  readonly #states = new Map<string, ConduitState>();
  /** Servers that went down in a restart, on their way out. */
  readonly #going: Promise<void>[] = [];
  #server: Server | undefined;
  #stopStart: (() => void) | undefined;
  #servers = 0;
  #attempts = 0;

  constructor(
    service: Service,
    scenario: ScenarioSource,
    options: { readonly seed: number; readonly plan: FaultPlan; readonly isTraced: boolean },
  ) {
    const { seed, plan, isTraced } = options;
    this.#service = service;
    this.seed = seed;
    this.plan = plan;
    this.random = new SeededRandom(seed, "scenario");
    this.#trace = isTraced ? (what, details) => this.#note(what, details) : undefined;
    this.network = new SimNetwork({
      clock: this.clock,
      seed,
      plan,
      trace: this.#trace,
      onRestart: (downMs) => this.#restart(downMs),
    });
    this.#scenario = typeof scenario === "function" ? scenario(this) : scenario;
  }

  // ---- for the scenario

  /** Virtual time passes. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  /** What must hold, wherever it is said: the run has failed even if nobody hears the error. */
  check(holds: boolean, text: string): void {
    if (holds) return;
    const error = new ClaimError(text);
    this.fail(error);
    throw error;
  }

  /** Adds to a count of the result. */
  count(name: string, more = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + more;
  }

  /** A line for the trace. */
  note(what: string, details?: Readonly<Record<string, unknown>>): void {
    this.#trace?.(what, details);
  }

  /**
   * A further client, with a session of its own. It is closed when the scenario is over.
   *
   * @param service the scenario's
   */
  async connect<M extends Methods>(service: Service<M>): Promise<Client<M>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#connect(service);
      } catch (error) {
        // Nothing was promised before there was a session: one tries again.
        if (!(error instanceof RoamError) || attempt === MAX_ATTEMPTS) throw error;
        this.count("retries");
        this.note("retry", { after: error.message });
        await this.sleep(Math.min(MAX_RETRY_MS, 10 * 2 ** attempt));
      }
    }
  }

  // ---- for the one who runs it

  /** @internal The scenario's whole part, from the first dial to the last close. */
  async play(): Promise<void> {
    const client = await this.connect(this.#service);
    await this.#scenario.client(client, this);
    this.note("close");
    await Promise.all(Array.from(this.#clients.values(), (client) => client.$.close()));
  }

  /** @internal */
  async startServer(): Promise<void> {
    const { handlers, serve = {} } = this.#scenario;
    const number = ++this.#servers;
    const keys = new SeededRandom(this.seed, `keys ${number}`);
    const options: ServeOptions = {
      keepalive: KEEPALIVE,
      logger: this.#logger("server"),
      ...serve,
      clock: this.clock,
      randomBytes: (length) => keys.bytes(length),
      middleware: [this.#watchCall, ...(serve.middleware ?? [])],
      onSession: (session) => {
        this.#watchSession(session, `server ${number}`);
        serve.onSession?.(session);
      },
    };
    const made = typeof handlers === "function" ? handlers() : handlers;
    this.#server = await serveHandler(
      (onLink) => this.network.listen(SERVER, onLink),
      implement(this.#service, made, options),
      options,
    );
  }

  /** @internal */
  async stopServer(): Promise<void> {
    await Promise.all([this.#server?.close(), ...this.#going]);
  }

  /** @internal */
  checkAfter(): void {
    try {
      this.#scenario.after?.(this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @internal */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = asError(error);
    if (error instanceof HangError) this.count("hangs");
    if (error instanceof LeakError) this.count("leaks");
    this.note("failed", { error: this.failure.message });
  }

  /** @internal Ends what is left of a run that failed, so that it takes no memory with it. */
  stop(): void {
    this.network.stop();
    for (const link of [...this.network.open]) link.cut("both");
  }

  /** @internal What has not come to its end, in words; empty if everything has. */
  get unfinished(): string[] {
    const { pending } = this.clock;
    return [
      ...Array.from(this.#calls, ({ side, method }) =>
        side === "caller" ? `call of ${method}` : `handler of ${method}`,
      ),
      ...Array.from(
        this.#server?.sessions ?? [],
        ({ state }) => `session of the server (${shownState(state)})`,
      ),
      ...Array.from(this.network.open, String),
      ...(pending === 0 ? [] : [`${pending} timers, the next in ${this.clock.nextInMs} ms`]),
    ];
  }

  /** @internal The same, and how it is with the clients. */
  get waiting(): string {
    const states = Array.from(this.#states, ([name, state]) => `${name} ${shownState(state)}`);
    return [...states, ...this.unfinished].join("; ");
  }

  async #connect<M extends Methods>(service: Service<M>): Promise<Client<M>> {
    const { connect: options = {} } = this.#scenario;
    const name = `client ${++this.#attempts}`;
    const backoff = new SeededRandom(this.seed, name);
    const client = await connect(this.network.source(SERVER), service, {
      conduit: "stable",
      keepalive: KEEPALIVE,
      logger: this.#logger(name),
      ...options,
      clock: this.clock,
      random: () => backoff.next(),
      middleware: [this.#watchCall, ...(options.middleware ?? [])],
      onState: (state) => {
        this.#onState(name, state);
        options.onState?.(state);
      },
    });
    this.#clients.set(name, client as unknown as Client<Methods>);
    return client;
  }

  readonly #watchCall = async (call: MiddlewareCall, next: () => Promise<unknown>): Promise<unknown> => {
    this.#calls.add(call);
    try {
      return await next();
    } finally {
      this.#calls.delete(call);
    }
  };

  #onState(name: string, state: ConduitState): void {
    if (this.#states.get(name) === state) return;
    this.#states.set(name, state);
    this.note("state", { of: name, ...state });
    if (state.kind === "resumed") {
      this.count("resumes");
      this.count("replayed", state.replayed);
    } else if (state.kind === "lost" && this.#clients.has(name)) this.count("lostSessions");
  }

  #watchSession(session: Session, name: string): void {
    session.watch((state) => {
      this.note("state", { of: name, ...state });
      if (state.kind === "lost" && state.reason === "expired") this.count("expired");
    });
  }

  /** All that the old server knows is gone; its farewells reach nobody, for its links are cut. */
  #restart(downMs: number): void {
    this.count("restarts");
    const old = this.#server;
    this.#server = undefined;
    if (old !== undefined) this.#going.push(old.close());
    // A server that goes down again before it was up.
    this.#stopStart?.();
    this.#stopStart = this.clock.after(downMs, () => {
      this.startServer().catch((error) => this.fail(error));
    });
  }

  #logger(of: string): Logger {
    return {
      warn: (_fields, text) => this.note("warn", { of, text }),
      error: ({ err }, text) => this.note("error", { of, text: `${text} ${String(err)}` }),
    };
  }

  #note(what: string, details: Readonly<Record<string, unknown>> = {}): void {
    if (this.events.length >= MAX_EVENTS) this.events.shift();
    this.events.push({ atMs: this.clock.nowMs(), what, ...details });
  }
}

function shownState(state: ConduitState): string {
  const { kind, ...details } = state;
  return Object.keys(details).length === 0 ? kind : `${kind} ${JSON.stringify(details)}`;
}
