import { type Id, type Message, Metadata } from "roam/wire";

/** Thrown where the contract has the session end, with the rule that was broken. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string) {
    super(rule);
    this.rule = rule;
  }
}

/** What the model expects the session to do. */
export interface Expectation {
  /** It sends this. */
  out(message: Message): void;
  /** The application sees this. */
  tell(event: string): void;
}

const MOST_CREDIT = 0xffff_ffff;

/** A u32 varint at the start of some bytes; undefined if there is none. */
export function u32At(bytes: Uint8Array): number | undefined {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return value <= MOST_CREDIT ? value : undefined;
  }
  return undefined;
}

export function u32Bytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

/** One end of a channel as the contract has it. */
abstract class EndModel {
  readonly connectionId: Id;
  readonly id: Id;
  /** How the application's side is called in events. */
  readonly label: string;
  protected readonly expect: Expectation;
  readonly #onOver: () => void;
  /** Why it is over; `closed` also for an orderly end. */
  end: string | undefined;

  constructor(place: {
    connectionId: Id;
    id: Id;
    label: string;
    expect: Expectation;
    onOver: () => void;
  }) {
    this.connectionId = place.connectionId;
    this.id = place.id;
    this.label = place.label;
    this.expect = place.expect;
    this.#onOver = place.onOver;
  }

  protected over(code: string): void {
    this.end = code;
    this.#onOver();
  }

  protected get head(): { connectionId: Id; id: Id } {
    return { connectionId: this.connectionId, id: this.id };
  }
}

/** The end that receives items. */
export class ReceiverModel extends EndModel {
  /** Items the other side may still send. */
  #outstanding: number;
  readonly #portion: number;
  /** Taken by the application and not granted again. */
  #pending = 0;
  #items: (number | undefined)[] = [];
  isReading = false;

  constructor(place: ConstructorParameters<typeof EndModel>[0], credit: number) {
    super(place);
    this.#outstanding = credit;
    this.#portion = Math.max(1, Math.floor(credit / 2));
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /** @throws Violation for an item without credit */
  item(bytes: Uint8Array): void {
    if (this.#outstanding === 0) throw new Violation("rpc.flow-control.credit.exhaustion");
    this.#outstanding--;
    this.#items.push(u32At(bytes));
    if (this.isReading) this.#give();
  }

  read(): void {
    if (this.#items.length > 0) this.#give();
    else if (this.end !== undefined) this.#tellEnd(this.end);
    else this.isReading = true;
  }

  #give(): void {
    this.isReading = false;
    const value = this.#items.shift();
    this.#pending++;
    if (this.#pending >= this.#portion) {
      if (this.end === undefined) {
        this.expect.out({ tag: "ChannelGrantCredit", ...this.head, additional: this.#pending });
      }
      this.#outstanding += this.#pending;
      this.#pending = 0;
    }
    this.expect.tell(`${this.label} read ${value ?? "decode"}`);
  }

  #tellEnd(code: string): void {
    this.expect.tell(`${this.label} read ${code === "closed-by-sender" ? "the end" : code}`);
  }

  /** What waits can still be taken. */
  finish(code: string): void {
    if (this.end !== undefined) return;
    const wasReading = this.isReading;
    this.isReading = false;
    if (wasReading) this.#tellEnd(code);
    this.over(code);
  }

  /** The application wants no more: what waits is dropped. */
  reset(): void {
    if (this.end === undefined) {
      this.expect.out({ tag: "ChannelReset", ...this.head, metadata: Metadata.EMPTY });
      this.finish("closed-by-sender");
    }
    this.#items = [];
  }
}

/** The end that sends items. */
export class SenderModel extends EndModel {
  #credit: number;
  #waiting: number[] = [];
  #isClosing = false;

  constructor(place: ConstructorParameters<typeof EndModel>[0], credit: number) {
    super(place);
    this.#credit = credit;
  }

  send(value: number): void {
    if (this.end !== undefined || this.#isClosing) {
      return this.expect.tell(`${this.label} send ${value} ${this.end ?? "closed"}`);
    }
    this.#waiting.push(value);
    this.#pump();
  }

  grant(additional: number): void {
    this.#credit = Math.min(this.#credit + additional, MOST_CREDIT);
    this.#pump();
  }

  #pump(): void {
    while (this.#credit > 0) {
      const value = this.#waiting.shift();
      if (value === undefined) break;
      this.#credit--;
      this.expect.out({ tag: "ChannelItem", ...this.head, item: u32Bytes(value) });
      this.expect.tell(`${this.label} send ${value} done`);
    }
    this.#closeIfDue();
  }

  close(): void {
    this.#isClosing = true;
    this.#closeIfDue();
  }

  #closeIfDue(): void {
    if (!this.#isClosing || this.#waiting.length > 0 || this.end !== undefined) return;
    this.expect.out({ tag: "ChannelClose", ...this.head, metadata: Metadata.EMPTY });
    this.over("closed");
  }

  /** The receiver reset it, or the connection is gone. */
  fail(code: string): void {
    if (this.end !== undefined) return;
    for (const value of this.#waiting) this.expect.tell(`${this.label} send ${value} ${code}`);
    this.#waiting = [];
    this.over(code);
  }
}
