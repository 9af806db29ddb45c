import { type Client, clientOn, type Session } from "roam";
import type { Conduit } from "roam/conduit";
import type { ConnectionAcceptor, SessionOptions } from "roam/session";
import { type Connection, ConnectionRejected, establish } from "roam/session";
import type { VirtualClock } from "roam/testing";
import type { Id, Message } from "roam/wire";
import { toHex } from "../hex.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { ChannelEnds } from "./channel-ends.ts";
import { type ClientFunction, MadeCalls } from "./made-calls.ts";
import type { RecordedMethods } from "./methods.ts";
import { encoded, isStep, type MessageStep, type Scene, type Step, stepsOf } from "./scene.ts";
import { AsRecorded, ServedCalls } from "./served-calls.ts";
import { Underway } from "./underway.ts";

/** Between two Pings of ours (ms of the virtual clock). */
const PING_INTERVAL_MS = 1000;

interface Held {
  readonly connection: Connection;
  /** Handles that make calls there: while there are any, the connection is wanted. */
  readonly clients: Client<Record<never, never>>[];
}

/**
 * The user's side of our runtime, made from a recording: it opens, calls, serves, sends and takes
 * so that the runtime says what its role said, when it is told to.
 */
export class Application {
  readonly #steps: readonly Step[];
  readonly #methods: RecordedMethods;
  readonly #clock: VirtualClock;
  readonly #underway = new Underway();
  readonly #channels: ChannelEnds;
  readonly #made: MadeCalls;
  readonly #served: ServedCalls;
  readonly #held = new Map<Id, Held>();
  #session: Session | undefined;

  constructor(
    { steps, role }: Scene,
    methods: RecordedMethods,
    { conduit, clock }: { readonly conduit: Promise<Conduit<Message>>; readonly clock: VirtualClock },
  ) {
    this.#clock = clock;
    this.#steps = steps;
    this.#methods = methods;
    this.#channels = new ChannelEnds(steps, this.#underway);
    this.#made = new MadeCalls(steps, { methods, channels: this.#channels, underway: this.#underway });
    this.#served = new ServedCalls(steps, methods, this.#channels);
    const established = conduit.then((connected) => establish(connected, role, this.#options()));
    this.#underway.watch(
      "the handshake",
      established.then((session) => {
        this.#session = session;
        this.#hold(session.root);
        this.#client(0, methods.service);
        const { counterpart: settings, metadata } = session.root;
        this.#expectReceived("Hello", (heard) => ({ ...heard, settings, metadata }));
        this.#expectReceived("HelloYourself", (heard) => ({ ...heard, settings, metadata }));
      }),
    );
  }

  #options(): SessionOptions {
    const [hello] = stepsOf(this.#steps, "Hello", "HelloYourself").filter((step) => step.isOurs);
    const settings = hello?.message.settings;
    const accepts = stepsOf(this.#steps, "ConnectionAccept").some((step) => step.isOurs);
    const explains = stepsOf(this.#steps, "ConnectionReject").some(
      ({ isOurs, message }) => isOurs && message.metadata.size > 0,
    );
    const pings = stepsOf(this.#steps, "Ping").some((step) => step.isOurs);
    return {
      handler: this.#served.handlerFor(0),
      clock: this.#clock,
      onHandlerError: (error, { method }) => {
        if (!(error instanceof AsRecorded)) this.#underway.fail(`the handler of ${method}`, error);
      },
      ...(settings && {
        parity: settings.parity,
        limits: { maxConcurrentRequests: settings.maxConcurrentRequests },
      }),
      ...(hello && { metadata: hello.message.metadata }),
      // Without an acceptor all are rejected without a reason.
      ...((accepts || explains) && { acceptConnection: this.#decide }),
      ...(pings && { keepalive: { intervalMs: PING_INTERVAL_MS, timeoutMs: 1000 * PING_INTERVAL_MS } }),
    };
  }

  readonly #decide: ConnectionAcceptor = ({ id, settings, metadata }) => {
    this.#expectReceived("ConnectionOpen", (heard) => ({ ...heard, settings, metadata }), id);
    const answer = stepsOf(this.#steps, "ConnectionAccept", "ConnectionReject").find(
      ({ isOurs, message }) => isOurs && message.connectionId === id,
    )?.message;
    if (answer?.tag !== "ConnectionAccept") return { accept: false, metadata: answer?.metadata ?? {} };
    return {
      accept: true,
      handler: this.#served.handlerFor(id),
      metadata: answer.metadata,
      maxConcurrentRequests: answer.settings.maxConcurrentRequests,
      onOpen: (connection) => void this.#hold(connection),
    };
  };

  /** Does what makes our runtime say what the step has; some of it it says without us. */
  perform(step: Step): void {
    if (step.kind === "close") return this.#end();
    const { message } = step;
    switch (message.tag) {
      case "RequestCall":
        return this.#call(step as MessageStep<"RequestCall">);
      case "RequestResponse":
        return this.#served.perform(step as MessageStep<"RequestResponse">);
      case "ChannelItem":
      case "ChannelClose":
      case "ChannelGrantCredit":
        return this.#channels.perform(step as MessageStep<typeof message.tag>);
      case "ConnectionOpen":
        return this.#open(step as MessageStep<"ConnectionOpen">);
      case "ConnectionClose":
        return this.#close(step as MessageStep<"ConnectionClose">);
      case "Ping":
        return this.#clock.advance(PING_INTERVAL_MS);
      case "Hello":
      case "HelloYourself":
      case "ConnectionAccept":
      case "ConnectionReject":
      case "Pong":
        return;
      default:
        throw new TypeError(`nothing here makes our runtime send ${message.tag}`);
    }
  }

  /** The other side is about to do the step. */
  foresee(step: Step): void {
    if (isStep(step, "RequestCall")) this.#served.foresee(step);
    if (isStep(step, "ChannelClose", "ChannelGrantCredit")) this.#channels.foresee(step);
  }

  /** What our runtime was given and must not say yet. */
  get heldBack(): readonly Step[] {
    return this.#channels.heldBack;
  }

  /** True if our runtime cannot do the step yet, and will without being told again. */
  isOwed(step: Step): boolean {
    return isStep(step, "RequestResponse") && this.#served.isWaitingForItsTurn(step);
  }

  #call(step: MessageStep<"RequestCall">): void {
    const { connectionId } = step.message;
    const { connection } = this.#heldAt(connectionId);
    this.#made.perform(step, connection, (service) => this.#client(connectionId, service));
  }

  #open({ message, entry }: MessageStep<"ConnectionOpen">): void {
    const { connectionId: id, settings, metadata } = message;
    const opened = this.#running.openConnection({
      handler: this.#served.handlerFor(id),
      metadata,
      ...settings,
    });
    this.#underway.watch(
      `entry ${entry}, the open`,
      opened.then(
        (connection) => {
          this.#hold(connection);
          this.#client(id, this.#methods.service);
          const accept = { settings: connection.counterpart, metadata: connection.metadata };
          this.#expectReceived("ConnectionAccept", (heard) => ({ ...heard, ...accept }), id);
        },
        (error: unknown) => {
          if (!(error instanceof ConnectionRejected)) throw error;
          const { metadata: reason } = error;
          this.#expectReceived("ConnectionReject", (heard) => ({ ...heard, metadata: reason }), id);
        },
      ),
    );
  }

  /** Without metadata, by giving up the last handle that makes calls there. */
  #close({ message: { connectionId: id, metadata } }: MessageStep<"ConnectionClose">): void {
    if (metadata.size === 0) this.#release(id);
    this.#running.closeConnection(id, { metadata });
  }

  /** By giving up the last handle; what is left of the session then is closed. */
  #end(): void {
    if (this.#running.hasEnded) return;
    this.#release(0);
    if (!this.#running.hasEnded) this.#underway.watch("the end of the session", this.#running.close());
  }

  #release(id: Id): void {
    for (const [index, client] of (this.#held.get(id)?.clients ?? []).entries()) {
      this.#underway.watch(`the end of client ${index} of connection ${id}`, client.$.close());
    }
  }

  #hold(connection: Connection): void {
    this.#held.set(connection.connectionId, { connection, clients: [] });
  }

  #client(id: Id, service: Parameters<typeof clientOn>[2]): Readonly<Record<string, ClientFunction>> {
    const { connection, clients } = this.#heldAt(id);
    const client = clientOn(this.#running, connection, service);
    clients.push(client);
    return client as unknown as Readonly<Record<string, ClientFunction>>;
  }

  #heldAt(id: Id): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw new Difference(`connection ${id} is not open here`);
    return held;
  }

  get #running(): Session {
    if (this.#session === undefined) throw new Difference("there is no session yet");
    return this.#session;
  }

  /** Checks that what the runtime told us of a message is what the other side said. */
  #expectReceived<T extends Message["tag"]>(
    tag: T,
    told: (heard: Extract<Message, { tag: T }>) => Message,
    id: Id = 0,
  ): void {
    const said = stepsOf(this.#steps, tag).find(
      ({ isOurs, message }) => !isOurs && message.connectionId === id,
    );
    if (said !== undefined) expectEqual(tag, toHex(encoded(told(said.message))), toHex(said.payload));
  }

  /** @throws the first thing that went wrong in the application */
  expectWell(): void {
    this.#underway.expectWell();
  }

  /** @throws Difference if the session goes on after a recorded end, or is over and not all of it */
  expectNothingLeft(): void {
    this.#underway.expectWell();
    if (this.#session?.hasEnded !== true) {
      if (this.#steps.some((step) => step.kind === "close" && step.isOurs))
        throw new Difference("the session goes on after its recorded end");
      return;
    }
    this.#underway.expectNothing();
    expectEqual("timers left", this.#clock.pending, 0);
  }

  /** Ends what is left, for a recording that breaks off. */
  async abandon(): Promise<void> {
    await this.#session?.close();
  }
}
