import { settled } from "roam/testing";
import { decodeMessage, type Message } from "roam/wire";
import { DecodeError, Reader } from "roam-postcard";
import { toHex } from "../hex.ts";
import { Difference, show } from "../vectors/tally.ts";
import type { CloseStep, MessageStep, Scene, Step } from "./scene.ts";
import type { Wire } from "./wire.ts";

/**
 * The far end of the link: it says what the recorded other side said, and holds what our runtime
 * says against what our role said.
 *
 * Our messages come in the recorded order within a stream; streams are independent.
 */
export class RecordedSide {
  readonly #wire: Wire;
  readonly #expected = new Map<string, MessageStep[]>();
  readonly #seen = new Set<Step>();
  #received = 0;
  #failure: Difference | undefined;
  #end: { readonly cause: Error | undefined } | undefined;
  /** One side has come to its recorded end. */
  #mayEnd = false;
  readonly #endIsRecorded: boolean;

  constructor({ steps }: Scene, wire: Wire) {
    this.#wire = wire;
    this.#endIsRecorded = steps.some((step) => step.kind === "close" && step.isOurs);
    for (const step of steps)
      if (step.kind === "message" && step.isOurs) this.#streamOf(step.message).push(step);
    wire.start({
      onMessage: (payload) => this.#onPayload(payload),
      onEnd: (cause) => {
        this.#end = { cause };
      },
      onFault: (difference) => {
        this.#failure ??= difference;
      },
    });
  }

  #streamOf(message: Message): MessageStep[] {
    const name = streamOf(message);
    const steps = this.#expected.get(name) ?? [];
    this.#expected.set(name, steps);
    return steps;
  }

  #onPayload(payload: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#received++;
    let next = this.#next();
    try {
      const message = decodeMessage(new Reader(payload));
      const stream = this.#streamOf(message);
      const [head] = stream;
      if (head !== undefined && toHex(head.payload) === toHex(payload)) {
        this.#seen.add(head);
        stream.shift();
        return;
      }
      if (head?.message.tag === message.tag) next = head;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    this.#failure = new Difference(`${expectation(next)}, got ${shown(payload)}`);
  }

  /** What is expected next, by the recorded order. */
  #next(): MessageStep | undefined {
    const heads = [...this.#expected.values()].flatMap((steps) => steps.slice(0, 1));
    return heads.sort((a, b) => a.entry - b.entry)[0];
  }

  /** Our runtime may hang up from now on. */
  allowEnd(): void {
    this.#mayEnd = true;
  }

  /** Says what is recorded. What crossed our end on the wire is said to nobody. */
  say(step: Step): void {
    if (step.kind === "close") {
      this.allowEnd();
      this.#wire.close();
    } else if (this.#end === undefined) this.#wire.say(step);
  }

  /**
   * Resolves when nothing more happens by itself.
   *
   * @throws Difference if our runtime said something it should not have, or hung up too soon
   */
  async rest(): Promise<void> {
    await settled(() => this.#received);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#end !== undefined && !(this.#mayEnd && this.#endIsRecorded)) {
      throw new Difference(`${expectation(this.#next())}, got the end of the link (${this.#howEnded()})`);
    }
  }

  #howEnded(): string {
    return this.#end?.cause === undefined ? "graceful" : String(this.#end.cause);
  }

  /** @throws Difference if our runtime has not done its part of the step */
  expectDone(step: Step): void {
    if (step.kind === "close") this.#expectEnd(step);
    else if (!this.#seen.has(step)) throw new Difference(`${expectation(step)}, got nothing`);
  }

  /** @throws Difference if our runtime has done the step already */
  expectNotDone(step: Step): void {
    if (this.#seen.has(step)) throw new Difference(`entry ${step.entry}: said before it was allowed`);
  }

  #expectEnd({ entry }: CloseStep): void {
    if (this.#end === undefined)
      throw new Difference(`entry ${entry}: expected the end of the link, got nothing`);
    if (this.#end.cause !== undefined)
      throw new Difference(`entry ${entry}: expected a graceful end of the link, got ${this.#howEnded()}`);
  }

  destroy(): void {
    this.#wire.destroy();
  }
}

/**
 * What stays in order: the messages of one side about one call, one channel, or the life of one
 * connection. Concurrency leaves the order between streams open.
 */
function streamOf(message: Message): string {
  const at = `connection ${message.connectionId}`;
  switch (message.tag) {
    case "RequestCall":
    case "RequestCancel":
      return `${at} call ${message.id}`;
    case "RequestResponse":
      return `${at} answer ${message.id}`;
    case "ChannelItem":
    case "ChannelClose":
    case "ChannelReset":
    case "ChannelGrantCredit":
      return `${at} channel ${message.id}`;
    case "Ping":
    case "Pong":
      return message.tag;
    default:
      return at;
  }
}

function expectation(step: MessageStep | undefined): string {
  if (step === undefined) return "expected nothing more";
  return `entry ${step.entry}: expected ${shown(step.payload)}`;
}

function shown(payload: Uint8Array): string {
  let text: string;
  try {
    text = show(decodeMessage(new Reader(payload)));
  } catch (error) {
    text = String(error);
  }
  return `${toHex(payload)} ${text}`;
}
