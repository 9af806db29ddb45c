import type { CallOutcome, TraceEvent, TraceHead } from "roam/trace";

export interface MadeTraceOptions {
  readonly events: number;
  readonly sessions?: number;
  readonly seed?: number;
}

/** Without what is added to each of them. */
type Bare = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, "t" | "session"> : never) : never;

const METHODS = ["Testbed.echo", "Testbed.lookup", "Testbed.divide", "Testbed.create_person"];
const STREAMS = ["Testbed.generate", "Testbed.transform", "Testbed.sum"];
const SAMPLE_MS = 250;
const CUT_EVERY_MS = 6_000;
const DOWN_MS = 700;
const STALL_MS = 2_500;
const TELL_STALL_MS = 1_000;

/**
 * A trace as of busy sessions: calls with every outcome, streams, cuts and resumes, consumers that stall.
 * The same options give the same lines.
 *
 * @returns texts of some hundred lines each; the first begins with the head
 */
export function* madeTrace({ events, sessions = 6, seed = 1 }: MadeTraceOptions): Generator<string> {
  const random = randomFrom(seed);
  const head: TraceHead = { roamTrace: 1, madeBy: `made-trace ${seed}`, at: "2026-01-01T12:00:00.000Z" };
  let text = `${JSON.stringify(head)}\n`;
  let left = events;
  let t = 0;
  const all = Array.from({ length: sessions }, (_, index) => new MadeSession(index + 1, random));
  for (const session of all) session.open();
  while (left > 0) {
    // A hundred milliseconds and more of the whole trace hold a thousand events or so.
    t += random() * 0.2;
    const session = all[Math.floor(random() * all.length)] as MadeSession;
    session.act(t);
    for (const event of session.told.splice(0)) {
      if (left-- <= 0) break;
      text += `${JSON.stringify({ t: Number(t.toFixed(3)), session: session.number, ...event })}\n`;
    }
    if (text.length > 65_536) {
      yield text;
      text = "";
    }
  }
  yield text;
}

interface MadeCall {
  readonly id: number;
  readonly method: string;
  readonly beginMs: number;
}

interface MadeChannel {
  readonly call: MadeCall;
  items: number;
  credit: number;
  /** Its consumer is slow: credit comes after a stall. */
  readonly isSlow: boolean;
  /** Since when it has no credit, and whether that was told. */
  emptyMs: number | undefined;
  isStalled: boolean;
}

class MadeSession {
  readonly number: number;
  readonly told: Bare[] = [];
  readonly #random: () => number;
  readonly #calls = new Map<
    number,
    { readonly method: string; readonly beginMs: number; readonly endMs: number }
  >();
  readonly #channels = new Map<number, MadeChannel>();
  #id = -1;
  #channel = -1;
  #sampleMs = 0;
  #cutMs: number;
  #downMs: number | undefined;
  #seq = 0;

  constructor(number: number, random: () => number) {
    this.number = number;
    this.#random = random;
    this.#cutMs = CUT_EVERY_MS * (0.5 + random());
  }

  open(): void {
    this.told.push({
      kind: "session",
      role: this.number % 2 === 0 ? "acceptor" : "initiator",
      peer: `127.0.0.1:${40_000 + this.number}`,
      conduit: "stable",
      isJoined: false,
      service: "Testbed",
      maxConcurrentRequests: { here: 64, there: 64 },
      metadata: [{ key: "tenant", value: `tenant-${this.number}` }],
    });
    this.told.push({ kind: "link", state: "connected" });
  }

  act(t: number): void {
    if (t >= this.#sampleMs) this.#sample(t);
    if (this.#downMs !== undefined) return this.#whileDown(t);
    if (t >= this.#cutMs) return this.#cut(t);
    const dice = this.#random();
    if (dice < 0.3 && this.#calls.size < 64) return this.#begin(t);
    if (dice < 0.7) return this.#endOne(t);
    this.#item(t);
  }

  #begin(t: number): void {
    const random = this.#random;
    this.#id += 2;
    const id = this.#id;
    const isStream = random() < 0.01 && this.#channels.size < 6;
    const method = pick(isStream ? STREAMS : METHODS, random);
    const ms = random() < 0.01 ? 200 + 800 * random() : 0.2 + 8 * random() ** 3;
    if (!isStream) this.#calls.set(id, { method, beginMs: t, endMs: t + ms });
    if (isStream) this.#channel += 2;
    const channels = isStream ? { channels: [this.#channel] } : {};
    if (isStream) {
      const isSlow = random() < 0.1;
      const call = { id, method, beginMs: t };
      this.#channels.set(this.#channel, {
        call,
        items: 0,
        credit: 64,
        isSlow,
        emptyMs: undefined,
        isStalled: false,
      });
    }
    const bytes = Math.floor(random() * 200);
    this.#message({ direction: "out", tag: "RequestCall", id, ...channels, bytes, method });
    this.told.push({ kind: "call-begin", side: "caller", connection: 0, id, method, ...channels });
  }

  #endOne(t: number): void {
    for (const [id, { method, beginMs, endMs }] of this.#calls) {
      if (endMs > t) continue;
      this.#calls.delete(id);
      const dice = this.#random();
      const outcome =
        dice < 0.97 ? "ok" : dice < 0.985 ? "error" : dice < 0.995 ? "cancelled" : "indeterminate";
      this.#message({ direction: "in", tag: "RequestResponse", id, bytes: Math.floor(this.#random() * 400) });
      this.#end({ id, method, beginMs }, t, outcome);
      return;
    }
    this.#item(t);
  }

  #end({ id, method, beginMs }: MadeCall, t: number, outcome: CallOutcome): void {
    const ms = Number((t - beginMs).toFixed(3));
    this.told.push({ kind: "call-end", side: "caller", connection: 0, id, method, outcome, ms });
  }

  #item(t: number): void {
    const ids = [...this.#channels.keys()];
    if (ids.length === 0) return this.#begin(t);
    const id = pick(ids, this.#random);
    const channel = this.#channels.get(id);
    if (channel === undefined) return;
    if (channel.credit === 0) return this.#refill(t, id, channel);
    channel.items++;
    channel.credit--;
    const bytes = 16 + Math.floor(this.#random() * 100);
    this.#message({ direction: "out", tag: "ChannelItem", id, bytes, credit: channel.credit });
    if (channel.items < 3_000) return;
    this.#channels.delete(id);
    this.#message({ direction: "out", tag: "ChannelClose", id });
    const { call } = channel;
    this.#message({ direction: "in", tag: "RequestResponse", id: call.id, bytes: 1 });
    this.#end(call, t, "ok");
  }

  #refill(t: number, id: number, channel: MadeChannel): void {
    channel.emptyMs ??= t;
    const waitedMs = t - channel.emptyMs;
    if (channel.isSlow && waitedMs < STALL_MS) {
      if (waitedMs < TELL_STALL_MS || channel.isStalled) return;
      channel.isStalled = true;
      return this.#stall(id, channel.call.method, waitedMs, false);
    }
    if (channel.isStalled) this.#stall(id, channel.call.method, waitedMs, true);
    channel.isStalled = false;
    channel.emptyMs = undefined;
    channel.credit = 64;
    this.#message({ direction: "in", tag: "ChannelGrantCredit", id, additional: 64 });
  }

  #stall(id: number, method: string, ms: number, isOver: boolean): void {
    const what = "channel";
    const cause = "credit";
    this.told.push({ kind: "stall", connection: 0, what, id, method, cause, ms, count: 1, isOver });
  }

  #cut(t: number): void {
    this.#downMs = t;
    this.told.push({
      kind: "link",
      state: "detached",
      reason: "link died: ECONNRESET",
      attempt: 0,
      nextDelayMs: 100,
    });
  }

  #whileDown(t: number): void {
    if (t < (this.#downMs ?? 0) + DOWN_MS) return;
    this.#downMs = undefined;
    this.#cutMs = t + CUT_EVERY_MS * (0.5 + this.#random());
    this.told.push({ kind: "link", state: "resumed", replayed: Math.floor(this.#random() * 40) });
  }

  #sample(t: number): void {
    this.#sampleMs = t + SAMPLE_MS;
    const down = this.#downMs === undefined ? 0 : t - this.#downMs;
    this.told.push({ kind: "round-trip", ms: Number((0.3 + this.#random() + down / 50).toFixed(3)) });
    this.told.push({
      kind: "sample",
      inFlight: this.#calls.size,
      queued: 0,
      running: 0,
      waiting: 0,
      bufferedBytes: 0,
      replayItems: Math.floor(down / 10 + this.#random() * 20),
      replayBytes: Math.floor(down * 60 + this.#random() * 2_000),
      sent: this.#seq,
      acked: this.#seq - 3,
      channels: [...this.#channels].map(([id, { items, credit }]) => ({
        connection: 0,
        id,
        direction: "out",
        items,
        credit,
        waiting: credit === 0 ? 1 : 0,
        waitingBytes: 0,
      })),
      waits: [],
    });
  }

  #message(parts: Omit<Extract<Bare, { kind: "message" }>, "kind" | "connection">): void {
    this.told.push({ kind: "message", connection: 0, ...parts, seq: ++this.#seq, ack: this.#seq - 3 });
  }
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Numbers from 0 to 1, without 1: always the same for a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
