import type { Conduit, ConduitTx } from "roam/conduit";
import type { Id, Message } from "roam/wire";
import { idText } from "../method-index.ts";

/** What came on one channel and was not looked at. */
export type ChannelEvent =
  | { readonly kind: "item"; readonly payload: Uint8Array }
  | { readonly kind: "close" | "reset" };

type Received<Tag extends Message["tag"]> = Extract<Message, { tag: Tag }>;

/** The live side of a replayed session: what it says waits here until the capture comes to it. */
export class Counterpart {
  readonly #conduit: Conduit<Message>;
  readonly #tx: ConduitTx<Message>;
  readonly #answers = new Map<string, Received<"RequestResponse">>();
  readonly #events = new Map<string, ChannelEvent[]>();
  readonly #granted = new Map<string, number>();
  readonly #opens = new Map<string, Received<"ConnectionAccept" | "ConnectionReject">>();
  readonly #calls: Received<"RequestCall">[] = [];
  readonly #connections: Received<"ConnectionOpen">[] = [];
  hello: Received<"HelloYourself"> | undefined;
  /** Why nothing more comes. */
  end: string | undefined;
  #onChange: () => void = () => {};

  constructor(conduit: Conduit<Message>) {
    this.#conduit = conduit;
    const { tx, rx } = conduit.split();
    this.#tx = tx;
    rx.start(
      (message) => {
        this.#receive(message);
        this.#onChange();
      },
      (cause) => {
        this.end ??= cause?.message ?? "the peer ended the session";
        this.#onChange();
      },
    );
  }

  async send(message: Message): Promise<void> {
    if (this.end !== undefined) return;
    try {
      (this.#tx.tryReserve() ?? (await this.#tx.reserve())).send(message);
    } catch (error) {
      this.end ??= (error as Error).message;
    }
  }

  /**
   * Waits until something is there.
   *
   * @returns undefined if the time is over, the peer gone, or the signal aborted
   */
  async until<T>(look: () => T | undefined, timeoutMs: number, signal: AbortSignal): Promise<T | undefined> {
    const found = look();
    if (found !== undefined || this.end !== undefined || signal.aborted || timeoutMs <= 0) return found;
    return new Promise((resolve) => {
      const finish = (value: T | undefined) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#onChange = () => {};
        resolve(value);
      };
      const onAbort = () => finish(undefined);
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#onChange = () => {
        const value = look();
        if (value !== undefined || this.end !== undefined) finish(value);
      };
    });
  }

  takeAnswer(connection: Id, id: Id): Received<"RequestResponse"> | undefined {
    return take(this.#answers, `${connection}/${id}`);
  }

  /** Answers on a connection that nobody has looked at. */
  waitingAnswers(connection: Id): number {
    return [...this.#answers.values()].filter(({ connectionId }) => connectionId === connection).length;
  }

  takeOpenAnswer(connection: Id): Received<"ConnectionAccept" | "ConnectionReject"> | undefined {
    return take(this.#opens, String(connection));
  }

  /** The oldest call of the method that nobody has looked at. */
  takeCall(connection: Id, method: string): Received<"RequestCall"> | undefined {
    const at = this.#calls.findIndex(
      (call) => call.connectionId === connection && idText(call.methodLo, call.methodHi) === method,
    );
    return at < 0 ? undefined : this.#calls.splice(at, 1)[0];
  }

  takeConnection(): Received<"ConnectionOpen"> | undefined {
    return this.#connections.shift();
  }

  takeEvent(connection: Id, channel: Id): ChannelEvent | undefined {
    const key = `${connection}/${channel}`;
    const events = this.#events.get(key);
    const event = events?.shift();
    if (events?.length === 0) this.#events.delete(key);
    return event;
  }

  /** True if the peer wants no more items there. */
  isReset(connection: Id, channel: Id): boolean {
    return this.#events.get(`${connection}/${channel}`)?.some(({ kind }) => kind === "reset") ?? false;
  }

  /** Items that nobody has looked at. */
  waitingItems(connection: Id, channel: Id): number {
    return this.#events.get(`${connection}/${channel}`)?.filter(({ kind }) => kind === "item").length ?? 0;
  }

  granted(connection: Id, channel: Id): number {
    return this.#granted.get(`${connection}/${channel}`) ?? 0;
  }

  /** Calls that the capture has nothing of. */
  get unexpectedCalls(): readonly Received<"RequestCall">[] {
    return this.#calls;
  }

  /** Ends the session in order, within a second. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    const closed = this.#tx.close().then(
      () => this.until(() => undefined, CLOSE_MS, new AbortController().signal),
      () => {},
    );
    await Promise.race([closed, late]);
    clearTimeout(timer);
    this.end ??= "the replay ended the session";
    this.#onChange();
    this.#conduit.destroy();
  }

  #receive(message: Message): void {
    switch (message.tag) {
      case "HelloYourself":
        this.hello = message;
        return;
      case "Ping":
        void this.send({ tag: "Pong", connectionId: 0, nonce: message.nonce });
        return;
      case "ProtocolError":
        this.end = `the peer reports: ${message.description}`;
        return;
      case "RequestResponse":
        this.#answers.set(`${message.connectionId}/${message.id}`, { ...message, ret: bytesOf(message.ret) });
        return;
      case "RequestCall":
        this.#calls.push({ ...message, args: bytesOf(message.args) });
        return;
      case "ConnectionOpen":
        this.#connections.push(message);
        return;
      case "ConnectionAccept":
      case "ConnectionReject":
        this.#opens.set(String(message.connectionId), message);
        return;
      case "ChannelItem":
        return this.#event(message, { kind: "item", payload: bytesOf(message.item) });
      case "ChannelClose":
        return this.#event(message, { kind: "close" });
      case "ChannelReset":
        return this.#event(message, { kind: "reset" });
      case "ChannelGrantCredit": {
        const key = `${message.connectionId}/${message.id}`;
        this.#granted.set(key, (this.#granted.get(key) ?? 0) + message.additional);
      }
    }
  }

  #event({ connectionId, id }: { connectionId: Id; id: Id }, event: ChannelEvent): void {
    const key = `${connectionId}/${id}`;
    const events = this.#events.get(key);
    if (events === undefined) this.#events.set(key, [event]);
    else events.push(event);
  }
}

const CLOSE_MS = 1_000;

function take<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

/** Received bodies are readers on a chunk; these wait, so they are copied off it. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body.slice();
  const { bytes, offset, end } = body as { bytes: Uint8Array; offset: number; end: number };
  return bytes.slice(offset, end);
}
