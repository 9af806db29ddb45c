import { ProtocolError, RoamError } from "roam";
import { SeededRandom, settled } from "roam/testing";
import { decodeMessage, type Message, Metadata, type Parity } from "roam/wire";
import { DecodeError, Reader } from "roam-postcard";
import { toHex } from "../hex.ts";
import { type ModelEnd, otherParity, SessionModel, type SessionModelLimits } from "./session-model.ts";
import { encoded, type Step, StepMaker } from "./steps.ts";
import { Subject } from "./subject.ts";

/** Steps of one sequence, at most. */
const MOST_STEPS = 60;
/** Messages of one turn, at most. */
const MOST_AT_ONCE = 4;
/** Rounds of the event loop in which nothing happens: over memory, promises are all there is. */
const QUIET_ROUNDS = 1;

/** What came of one seed. */
export interface PlayResult {
  /** How the session ended: the rule that was broken, or a code. */
  readonly outcome: string;
  readonly messages: number;
  /** What the session sent, by kind. */
  readonly sent: Readonly<Record<string, number>>;
  /** What the session did and the contract says otherwise. */
  readonly difference: string | undefined;
  /** What was done, step by step. */
  readonly log: readonly string[];
}

class Difference extends Error {}

/** Runs the sequence of one seed against a session and the model, side by side. */
export async function play(seed: number): Promise<PlayResult> {
  const run = new Run(seed);
  let difference: string | undefined;
  try {
    await run.play();
  } catch (error) {
    difference = error instanceof Difference ? error.message : String((error as Error).stack ?? error);
  }
  const { outcome, messages, sent, log } = run;
  return { outcome, messages, sent, difference, log };
}

const ANSWERS = ["user", "unknown-method", "invalid-payload", "cancelled"];

/** A message's tag; of an answer, what it says. */
function kindOf(message: Message): string {
  if (message.tag !== "RequestResponse") return message.tag;
  const [tag, index = 0] = message.ret as Uint8Array;
  return `answer: ${tag === 0 ? "ok" : ANSWERS[index]}`;
}

function decoded(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(new Reader(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

class Run {
  readonly #random: SeededRandom;
  readonly #subject: Subject;
  readonly #role: "initiator" | "acceptor";
  readonly #parity: Parity;
  readonly #limits: SessionModelLimits;
  readonly #isStrict: boolean;
  #model: SessionModel | undefined;
  #isFarEnded = false;
  readonly #received: Uint8Array[] = [];
  #activity = 0;
  readonly log: string[] = [];
  messages = 0;
  readonly sent: Record<string, number> = {};
  outcome = "?";

  constructor(seed: number) {
    const random = new SeededRandom(seed, "session");
    this.#random = random;
    this.#role = random.pick(["initiator", "acceptor"]);
    this.#parity = random.pick(["odd", "even"]);
    this.#isStrict = random.chance(0.3);
    this.#limits = {
      maxConcurrentRequests: random.integer(1, 3),
      maxQueuedCalls: 2,
      maxChannelsPerConnection: random.integer(3, 6),
      maxUnboundBytes: random.pick([6, 12, 40]),
      minUnboundItems: 3,
      maxMetadataBytes: 80,
      maxMetadataEntries: 4,
      maxVirtualConnections: 3,
    };
    const options = {
      role: this.#role,
      parity: this.#parity,
      limits: this.#limits,
      isStrict: this.#isStrict,
    };
    this.#subject = new Subject(options, {
      onPayload: (payload) => {
        this.#activity++;
        this.#received.push(payload);
      },
      onEnd: () => {
        this.#activity++;
        this.#isFarEnded = true;
      },
    });
    this.log.push(JSON.stringify(options));
  }

  async play(): Promise<void> {
    if (!(await this.#handshake())) return this.#expectOver();
    const model = this.#model as SessionModel;
    const maker = new StepMaker(this.#random, model);
    const steps = this.#random.integer(1, MOST_STEPS);
    for (let step = 0; step < steps && model.end === undefined; step++) {
      await this.#step(maker, model);
      await this.#compare(model);
    }
    await this.#windUp(model);
  }

  #rest(): Promise<void> {
    return settled(() => this.#activity + this.#subject.events.length, QUIET_ROUNDS);
  }

  #say(bytes: Uint8Array): void {
    this.messages++;
    this.log.push(`> ${toHex(bytes)}`);
    this.#subject.say(bytes);
  }

  /** @returns false if there is no session, and should be none */
  async #handshake(): Promise<boolean> {
    const random = this.#random;
    await this.#rest();
    if (this.#role === "initiator") {
      const hello = decoded(this.#received.shift() ?? new Uint8Array());
      if (hello?.tag !== "Hello" || hello.settings.parity !== this.#parity) throw new Difference("no Hello");
    }
    const theirs: Parity =
      this.#role === "initiator"
        ? random.chance(0.95)
          ? otherParity(this.#parity)
          : this.#parity
        : this.#parity;
    const settings = { parity: theirs, maxConcurrentRequests: random.integer(0, 3) };
    const bytes = this.#greeting(settings);
    this.#say(bytes);
    await this.#rest();
    return this.#expectHandshake(bytes, decoded(bytes));
  }

  /** A good one, nearly always. */
  #greeting(settings: { parity: Parity; maxConcurrentRequests: number }): Uint8Array {
    const random = this.#random;
    const metadata = Metadata.EMPTY;
    const hello: Message = {
      tag: "Hello",
      connectionId: 0,
      version: random.chance(0.97) ? 7 : 8,
      settings,
      metadata,
    };
    const answer: Message = { tag: "HelloYourself", connectionId: 0, settings, metadata };
    const good = this.#role === "initiator" ? answer : hello;
    const message = random.chance(0.94)
      ? good
      : random.pick<Message>([
          hello,
          answer,
          { ...good, connectionId: 2 },
          { tag: "ProtocolError", connectionId: 0, description: "no" },
          { tag: "Ping", connectionId: 0, nonce: 1 },
          { tag: "ConnectionOpen", connectionId: 2, settings, metadata },
        ]);
    const bytes = encoded(message);
    return random.chance(0.97) ? bytes : bytes.slice(0, random.integer(0, bytes.length - 1));
  }

  #expectHandshake(bytes: Uint8Array, first: Message | undefined): boolean {
    const wanted = this.#role === "initiator" ? "HelloYourself" : "Hello";
    const isGood =
      first?.tag === wanted &&
      first.connectionId === 0 &&
      (first.tag === "Hello" ? first.version === 7 : first.settings.parity !== this.#parity);
    const { session, failure } = this.#subject;
    if (!isGood) {
      if (session !== undefined) throw new Difference(`a session by ${toHex(bytes)}`);
      const isRefusal = first?.tag === "ProtocolError" && first.connectionId === 0;
      this.outcome = isRefusal ? "handshake: refused" : "handshake: violation";
      if (failure instanceof ProtocolError === isRefusal || !(failure instanceof RoamError)) {
        throw new Difference(`the handshake failed with ${String(failure)}`);
      }
      this.#expectMessages(isRefusal ? [] : [{ tag: "ProtocolError", connectionId: 0, description: "" }]);
      return false;
    }
    if (session === undefined) throw new Difference(`no session by ${toHex(bytes)}: ${String(failure)}`);
    const parity = this.#role === "initiator" ? this.#parity : otherParity(first.settings.parity);
    this.#model = new SessionModel({
      limits: this.#limits,
      parity,
      theirLimit: first.settings.maxConcurrentRequests,
      isStrict: this.#isStrict,
    });
    const { maxConcurrentRequests } = this.#limits;
    const settings = { parity, maxConcurrentRequests };
    const metadata = Metadata.EMPTY;
    this.#expectMessages(
      this.#role === "initiator" ? [] : [{ tag: "HelloYourself", connectionId: 0, settings, metadata }],
    );
    return true;
  }

  async #step(maker: StepMaker, model: SessionModel): Promise<void> {
    // Calls of ours that wait are sent a moment after what lets them go: the order is not the contract's.
    const isWaiting = [...model.connections.values()].some(({ waitingCalls }) => waitingCalls.length > 0);
    const count = isWaiting || this.#random.chance(0.7) ? 1 : this.#random.integer(2, MOST_AT_ONCE);
    for (let one = 0; one < count && model.end === undefined; one++) {
      const step = maker.next(count > 1);
      this.#log(step);
      this.#do(step, model);
    }
    await this.#rest();
  }

  #log(step: Step): void {
    if (step.kind === "payload") return;
    const { kind, ...rest } = step;
    const text = Object.entries(rest).map(([name, value]) => {
      const id =
        (value as { number?: number; id?: unknown }).number ?? (value as { id?: unknown }).id ?? value;
      return `${name} ${String(id)}`;
    });
    this.log.push(`${kind} ${text.join(" ")}`);
  }

  /** Does it on both sides. */
  #do(step: Step, model: SessionModel): void {
    const subject = this.#subject;
    switch (step.kind) {
      case "payload": {
        const message = decoded(step.bytes);
        this.#say(step.bytes);
        if (message === undefined) model.receiveGarbage();
        else model.receive(message);
        return;
      }
      case "settle":
        subject.settle(step.handler.number, step.how);
        return model.settle(step.handler, step.how);
      case "call":
        subject.call(step.connection.id, step.method, step.n);
        return void step.connection.call(step.method, step.n);
      case "give-up":
        subject.giveUp(step.call.number);
        return step.call.connection.giveUp(step.call);
      case "read":
      case "send":
        return this.#useChannel(step, model);
      case "open":
        subject.open(step.parity);
        return model.open(step.parity);
      case "decide":
        subject.decide(step.id, step.isAccepted);
        return model.decide(step.id, step.isAccepted ? "accept" : "reject");
      case "close":
        subject.close(step.id);
        return model.close(step.id);
      case "pass":
        subject.clock.advance(step.ms);
        return model.pass(step.ms);
    }
  }

  #useChannel({ kind, label, n }: Extract<Step, { kind: "read" | "send" }>, model: SessionModel): void {
    for (const connection of model.connections.values()) {
      const all = [...connection.handlers.values(), ...connection.calls.values()].flatMap(({ ends }) => ends);
      const end = all.find((one) => one.label === label);
      if (end === undefined) continue;
      if ("read" in end) {
        this.#subject.read(label);
        end.read();
      } else {
        this.#subject.send(label, n);
        end.send(n);
      }
      this.log.push(`  ${kind}`);
      return;
    }
  }

  async #compare(model: SessionModel): Promise<void> {
    const { messages, events } = model.take();
    this.#expectMessages(messages);
    const seen = this.#subject.events.splice(0).sort();
    const expected = [...events].sort();
    if (seen.join("\n") !== expected.join("\n")) {
      throw new Difference(
        `the application saw\n  ${seen.join("\n  ")}\nexpected\n  ${expected.join("\n  ")}`,
      );
    }
    if (model.end !== undefined) await this.#expectEnd(model.end);
  }

  /** In order, byte for byte; of an error's text the rule. */
  #expectMessages(expected: readonly Message[]): void {
    const seen = this.#received.splice(0);
    const shown = (bytes: Uint8Array) => {
      const message = decoded(bytes);
      if (message?.tag !== "ProtocolError") return toHex(bytes);
      const isEstablished = this.#model !== undefined;
      return `ProtocolError ${isEstablished ? message.description.split(":")[0] : ""}`;
    };
    const left = seen.map(shown).join("\n  ");
    const right = expected.map((message) => shown(encoded(message))).join("\n  ");
    for (const bytes of seen) {
      this.log.push(`< ${toHex(bytes)}`);
      const message = decoded(bytes);
      const kind = message === undefined ? "no message" : kindOf(message);
      this.sent[kind] = (this.sent[kind] ?? 0) + 1;
    }
    if (left !== right) throw new Difference(`the session sent\n  ${left}\nexpected\n  ${right}`);
  }

  /** With the cause that the contract gives it. */
  async #expectEnd(end: ModelEnd): Promise<void> {
    const { session } = this.#subject;
    if (session?.hasEnded !== true)
      throw new Difference(`the session goes on; expected ${JSON.stringify(end)}`);
    this.#subject.hangUp();
    await this.#rest();
    const cause = await session.ended;
    this.outcome = "rule" in end ? end.rule : end.code;
    const isRight = "rule" in end ? (cause as ProtocolError).rule === end.rule : cause.code === end.code;
    if (!isRight) throw new Difference(`ended by ${String(cause)}; expected ${JSON.stringify(end)}`);
  }

  /** Either side ends what is left. */
  async #windUp(model: SessionModel): Promise<void> {
    if (model.end === undefined) {
      const isOurs = this.#random.chance(0.5);
      this.log.push(isOurs ? "the application closes" : "the counterpart hangs up");
      if (isOurs) void this.#subject.session?.close();
      else this.#subject.hangUp();
      model.finishClosed();
      await this.#rest();
      await this.#compare(model);
    }
    await this.#expectOver();
  }

  /** Nothing waits, no timer runs, the link is gone. */
  async #expectOver(): Promise<void> {
    this.#subject.hangUp();
    await this.#rest();
    const { waiting, clock } = this.#subject;
    if (waiting > 0) throw new Difference(`${waiting} promises of the application never settle`);
    if (clock.pending > 0) throw new Difference(`${clock.pending} timers are left`);
    if (!this.#isFarEnded) throw new Difference("the link is still there");
  }
}
