import { type CallContext, channel, fail, implement, RoamError, type Rx, type Tx } from "roam";
import { BareConduit } from "roam/conduit";
import { type Link, memoryLinkPair } from "roam/link";
import type { Connection, Session } from "roam/session";
import { establish, messageFamily } from "roam/session";
import { VirtualClock } from "roam/testing";
import type { Id, Parity } from "roam/wire";
import { Metadata } from "roam/wire";
import { OutgoingCall } from "../../../roam/src/call/outgoing-call.ts";
import type { ConnectionDecision, ConnectionRequest } from "../../../roam/src/session/session-options.ts";
import { Script, type ScriptMethod } from "./script-service.ts";
import { DECISION_KEY, type SessionModelLimits } from "./session-model.ts";

export interface SubjectOptions {
  readonly role: "initiator" | "acceptor";
  readonly parity: Parity;
  readonly limits: SessionModelLimits;
  readonly isStrict: boolean;
}

type Settle = { resolve(value: number): void; reject(error: unknown): void };

/** A real session with an application that does what a script says, and notes what it sees. */
export class Subject {
  readonly clock = new VirtualClock();
  /** The counterpart's end of the link. */
  readonly #far: Link;
  readonly events: string[] = [];
  session: Session | undefined;
  /** What the handshake failed with. */
  failure: unknown;
  #numbers = 0;
  readonly #handlers = new Map<number, Settle>();
  readonly #ends = new Map<string, Tx<number> | Rx<number>>();
  readonly #aborts = new Map<number, AbortController>();
  readonly #connections = new Map<Id, Connection>();
  readonly #decisions = new Map<Id, (decision: ConnectionDecision) => void>();
  readonly #handler;
  /** Promises of the application's that have not settled. */
  waiting = 0;

  constructor({ role, parity, limits, isStrict }: SubjectOptions, counterpart: Counterpart) {
    this.#handler = implement(Script, {
      echo: ({ n }: { n: number }) => n,
      fail: ({ n }: { n: number }) => (n % 2 === 0 ? fail("no") : odd()),
      hold: (_args: unknown, call: CallContext) => this.#held("hold", {}, call),
      pull: (args: Ends, call: CallContext) => this.#held("pull", args, call),
      push: (args: Ends, call: CallContext) => this.#held("push", args, call),
      duplex: (args: Ends, call: CallContext) => this.#held("duplex", args, call),
      perhaps: (args: Ends, call: CallContext) => this.#held("perhaps", args, call),
    });
    const [near, far] = memoryLinkPair();
    this.#far = far;
    far.rx.start((payload) => counterpart.onPayload(payload.whole().slice()), counterpart.onEnd);
    const options = {
      handler: this.#handler,
      limits,
      parity,
      isStrict,
      clock: this.clock,
      keepAlive: true,
      adaptiveCredit: false,
      acceptConnection: (request: ConnectionRequest) => this.#decide(request),
    };
    establish(new BareConduit(near, messageFamily), role, options).then(
      (session) => {
        this.session = session;
        this.#add(session.root);
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  /** The counterpart sends a payload, a message or not. */
  say(bytes: Uint8Array): void {
    if (!this.#far.tx.tryWrite(bytes, (writer, payload) => writer.raw(payload)))
      throw new TypeError("the link is full");
  }

  /** The counterpart ends its direction. */
  hangUp(): void {
    void this.#far.tx.close();
  }

  #add(connection: Connection): void {
    // As a client does that makes calls there; it may be closed again by the time that we hear of it.
    if (!connection.hasEnded) connection.retain();
    this.#connections.set(connection.connectionId, connection);
  }

  #held(method: ScriptMethod, args: Ends, call: CallContext): Promise<number> {
    const number = ++this.#numbers;
    this.events.push(`${number} started ${method}`);
    call.signal.addEventListener("abort", () => this.events.push(`${number} aborted`));
    if (args.input) this.#ends.set(`${number}.input`, args.input);
    if (args.output) this.#ends.set(`${number}.output`, args.output);
    return new Promise((resolve, reject) => this.#handlers.set(number, { resolve, reject }));
  }

  #decide({ id, metadata }: ConnectionRequest): ConnectionDecision | Promise<ConnectionDecision> {
    const decision = metadata.get(DECISION_KEY);
    if (decision !== "later") return this.#decision(decision === "accept");
    this.events.push(`asked for ${id}`);
    return new Promise((resolve) => this.#decisions.set(id, resolve));
  }

  #decision(isAccepted: boolean): ConnectionDecision {
    if (!isAccepted) return { accept: false };
    return {
      accept: true,
      handler: this.#handler,
      onOpen: (connection) => {
        this.events.push(`opened ${connection.connectionId}`);
        this.#add(connection);
      },
    };
  }

  decide(id: Id, isAccepted: boolean): void {
    this.#decisions.get(id)?.(this.#decision(isAccepted));
    this.#decisions.delete(id);
  }

  settle(number: number, how: "ok" | "user" | "throw"): void {
    const handler = this.#handlers.get(number);
    this.#handlers.delete(number);
    if (how === "ok") handler?.resolve(number);
    else handler?.reject(how === "throw" ? new Error("thrown") : failure("no"));
  }

  /** Settled or not, it is one event. */
  #note(name: string, promise: Promise<string>): void {
    const note = (outcome: string) => {
      this.waiting--;
      this.events.push(`${name} ${outcome}`);
    };
    this.waiting++;
    promise.then(note, (error: unknown) => note(error instanceof RoamError ? error.code : String(error)));
  }

  call(id: Id, method: ScriptMethod, n: number): void {
    const number = ++this.#numbers;
    const connection = this.#connections.get(id);
    const described = Script.descriptors().get(method);
    if (connection === undefined || described === undefined) throw new TypeError(`no ${method} on ${id}`);
    const abort = new AbortController();
    this.#aborts.set(number, abort);
    const call = new OutgoingCall(
      described,
      this.#callArgs(number, method, n),
      Metadata.EMPTY,
      abort.signal,
      undefined,
      undefined,
    );
    this.#note(
      String(number),
      connection.caller.call(call).then((value) => `ok ${value}`),
    );
  }

  #callArgs(number: number, method: ScriptMethod, n: number): Record<string, unknown> {
    if (method === "push") {
      const [output, kept] = channel<number>();
      this.#ends.set(`${number}.output`, kept);
      return { output };
    }
    if (method === "pull") {
      const [kept, input] = channel<number>();
      this.#ends.set(`${number}.input`, kept);
      return { input };
    }
    return { n };
  }

  giveUp(number: number): void {
    this.#aborts.get(number)?.abort(new RoamError("aborted", "the script gave it up"));
  }

  read(label: string): void {
    const receiver = this.#ends.get(label) as Rx<number>;
    this.#note(
      `${label} read`,
      receiver.recv().then(({ done, value }) => (done ? "the end" : String(value))),
    );
  }

  send(label: string, value: number): void {
    const sender = this.#ends.get(label) as Tx<number>;
    this.#note(
      `${label} send ${value}`,
      sender.send(value).then(() => "done"),
    );
  }

  open(parity: Parity): void {
    const number = ++this.#numbers;
    const { session } = this;
    if (session === undefined) return;
    this.#note(
      String(number),
      session
        .openConnection({ handler: this.#handler, parity, metadata: Metadata.EMPTY })
        .then((connection) => {
          this.#add(connection);
          return `opened ${connection.connectionId}`;
        }),
    );
  }

  close(id: Id): void {
    this.session?.closeConnection(id);
  }
}

/** Who hears what the session sends. */
export interface Counterpart {
  onPayload(payload: Uint8Array): void;
  onEnd(): void;
}

interface Ends {
  readonly input?: Rx<number> | null;
  readonly output?: Tx<number>;
}

function odd(): never {
  throw new Error("odd");
}

/** What `fail` throws. */
function failure(detail: string): unknown {
  try {
    fail(detail);
  } catch (error) {
    return error;
  }
}
