import type { SampleEvent, TraceEvent, TraceHead } from "roam/trace";
import { Activity } from "./activity.ts";
import { Column, lowerBound } from "./column.ts";
import { kindNumber } from "./event-kind.ts";
import { LineScanner } from "./line-scanner.ts";
import { Names } from "./names.ts";
import { type Segment, Segments } from "./segments.ts";
import { SessionNode } from "./session-node.ts";

export interface TraceStoreOptions {
  /** Events that are kept; the oldest go when there are more (default: all). */
  readonly maxEvents?: number;
}

const decoder = new TextDecoder();
const MESSAGE = kindNumber.message;
const CALL_BEGIN = kindNumber["call-begin"];
const CALL_END = kindNumber["call-end"];
const ROUND_TRIP = kindNumber["round-trip"];

/**
 * The events of a trace. What is asked for often is in columns of numbers; the rest stays text, and is
 * parsed when somebody looks at it. Events have numbers that count from 0 and stay theirs.
 */
export class TraceStore {
  readonly names = new Names();
  readonly sessions = new Map<number, SessionNode>();
  /** Of all sessions together: what can be added up. */
  readonly activity = new Activity();
  readonly segments = new Segments();
  head: TraceHead | undefined;
  /** The first that is kept, and the one that will come next. */
  first = 0;
  next = 0;
  /** Events that whoever traced left out, and lines that make no sense. */
  dropped = 0;
  unreadable = 0;
  /** Grows whenever there is a new row to show. */
  shape = 0;
  readonly #times = new Column(Float64Array);
  readonly #offsets = new Column(Uint32Array);
  readonly #kinds = new Column(Uint8Array);
  readonly #scanner = new LineScanner(this.names);
  readonly #maxEvents: number;
  #lastMs = 0;
  #session: SessionNode | undefined;

  constructor({ maxEvents = Number.POSITIVE_INFINITY }: TraceStoreOptions = {}) {
    this.#maxEvents = maxEvents;
  }

  get count(): number {
    return this.next - this.first;
  }

  /** Of the first and the last event (ms). */
  get firstMs(): number {
    return this.#times.at(0);
  }
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Takes bytes of JSON lines, wherever they were cut. */
  add(bytes: Uint8Array): void {
    this.segments.add(
      bytes,
      () => this.next,
      (segment, start, end) => this.#line(segment, start, end),
    );
    while (this.count > this.#maxEvents && this.segments.list.length > 1) this.#dropOldest();
  }

  /** The source is over: a last line without an end counts if it is whole. */
  finish(): void {
    const { rest } = this.segments;
    if (rest.trim() !== "" && parsed(rest) !== undefined) this.add(new Uint8Array([10]));
  }

  timeOf(number: number): number {
    return this.#times.at(number - this.first);
  }

  kindOf(number: number): number {
    return this.#kinds.at(number - this.first);
  }

  /** Where its line begins in its segment. */
  offsetOf(number: number): number {
    return this.#offsets.at(number - this.first);
  }

  /** The number of the first event that is not before a time. */
  numberAt(t: number): number {
    return this.first + lowerBound(this.#times.values, this.#times.length, t);
  }

  /** The number of the event in whose line a place of a segment is. */
  numberIn(segment: Segment, offset: number): number {
    const from = segment.firstNumber - this.first;
    const offsets = this.#offsets.values.subarray(from, from + segment.count);
    return segment.firstNumber + lowerBound(offsets, offsets.length, offset + 1) - 1;
  }

  /** The line of an event. */
  lineOf(number: number): string {
    const segment = this.segments.of(number);
    if (segment === undefined || number < this.first || number >= this.next) return "";
    const start = this.#offsets.at(number - this.first);
    const end = segment.bytes.indexOf(10, start);
    return decoder.decode(segment.bytes.subarray(start, end));
  }

  event(number: number): TraceEvent | undefined {
    return parsed(this.lineOf(number)) as TraceEvent | undefined;
  }

  session(number: number): SessionNode {
    let session = this.sessions.get(number);
    if (session === undefined) {
      session = new SessionNode(number, this.#lastMs);
      this.sessions.set(number, session);
      this.shape++;
    }
    return session;
  }

  #line(segment: Segment, start: number, before: number): number {
    const scanner = this.#scanner;
    const newline = scanner.scan(segment.bytes, start, before);
    if (newline >= 0) {
      this.#note(start, undefined);
      return newline;
    }
    const end = segment.bytes.indexOf(10, start);
    const value = end === start ? undefined : parsed(decoder.decode(segment.bytes.subarray(start, end)));
    if (isEvent(value)) {
      scanner.take(value);
      this.#note(start, value);
      return end;
    }
    if (isHead(value)) this.head ??= value;
    else if (end > start) this.unreadable++;
    return -end - 1;
  }

  /** @param event where it was parsed */
  #note(offset: number, event: TraceEvent | undefined): void {
    const scanner = this.#scanner;
    const number = this.next++;
    // Times never go back, whatever a file says: everything here is found by them.
    const t = Math.max(scanner.t, this.#lastMs);
    if (number === 0) this.#lastMs = scanner.t;
    this.#lastMs = t;
    this.#times.push(t);
    this.#offsets.push(offset);
    this.#kinds.push(scanner.kind);
    let session = this.#session;
    if (session?.number !== scanner.session) {
      session = this.session(scanner.session);
      this.#session = session;
    }
    switch (scanner.kind) {
      case MESSAGE:
        return this.#noteMessage(session, t, number);
      case CALL_BEGIN: {
        this.#callTrack(session).begin(scanner.id, t, number);
        if (scanner.hasChannels) this.#noteChannels(session, event ?? this.event(number), number);
        return;
      }
      case CALL_END:
        this.#callTrack(session).end(scanner.id, t, scanner.ms, scanner.outcome, number);
        session.activity.noteCall(t, scanner.ms);
        this.activity.noteCall(t, scanner.ms);
        return;
      case ROUND_TRIP:
        session.activity.noteRoundTrip(t, scanner.ms);
        return;
      default:
        if (event !== undefined) this.#noteRare(session, event, number);
    }
  }

  #callTrack(session: SessionNode) {
    const { method, connection, isHandler } = this.#scanner;
    const node = session.connection(connection);
    const known = node.callTrack(method, isHandler);
    if (known !== undefined) return known;
    this.shape++;
    return node.addCallTrack(method, isHandler, this.names.textOf(method) || "(unknown)");
  }

  #noteMessage(session: SessionNode, t: number, number: number): void {
    const { tag, connection, id, bytes, credit } = this.#scanner;
    session.activity.messages.push(t);
    this.activity.messages.push(t);
    if (tag <= 0) return;
    const channel = this.#channel(session, connection, id);
    channel.note(t, tag, bytes, number);
    if (credit >= 0) channel.noteCredit(t, credit);
  }

  #channel(session: SessionNode, connection: number, id: number) {
    const node = session.connection(connection);
    const { size } = node.channels;
    const channel = node.channel(id);
    if (node.channels.size !== size) this.shape++;
    return channel;
  }

  #noteChannels(session: SessionNode, event: TraceEvent | undefined, number: number): void {
    if (event?.kind !== "call-begin") return;
    for (const id of event.channels ?? []) {
      const channel = this.#channel(session, Number(event.connection), Number(id));
      channel.method = event.method;
      channel.callNumber = number;
    }
  }

  #noteRare(session: SessionNode, event: TraceEvent, number: number): void {
    switch (event.kind) {
      case "session":
        session.event = event;
        this.shape++;
        return;
      case "end":
        session.end = event;
        session.activity.overMs = event.t;
        this.shape++;
        return;
      case "link": {
        const { t, state, reason } = event;
        const mark = { t, session: session.number, state, number, reason };
        session.activity.marks.push(mark);
        this.activity.marks.push(mark);
        return;
      }
      case "stall":
        return session.noteStall(event, number);
      case "sample":
        return this.#noteSample(session, event);
      case "dropped":
        this.dropped += event.count;
    }
  }

  #noteSample(session: SessionNode, { t, channels, replayBytes, roundTripMs }: SampleEvent): void {
    let least = Number.POSITIVE_INFINITY;
    for (const { connection, id, credit, direction } of channels) {
      this.#channel(session, Number(connection), Number(id)).noteCredit(t, credit);
      if (direction === "out") least = Math.min(least, credit);
    }
    const credit = Number.isFinite(least) ? least : undefined;
    session.activity.noteSample(t, credit, replayBytes);
    if (roundTripMs !== undefined) session.activity.noteRoundTrip(t, roundTripMs);
  }

  #dropOldest(): void {
    const oldest = this.segments.shift();
    if (oldest === undefined) return;
    for (const column of [this.#times, this.#offsets, this.#kinds]) column.drop(oldest.count);
    this.first += oldest.count;
    const t = this.firstMs;
    this.activity.dropBefore(this.first, t);
    for (const [number, session] of this.sessions) {
      session.dropBefore(this.first, t);
      if (session.activity.overMs < t) this.sessions.delete(number);
    }
    this.#session = undefined;
    this.shape++;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is TraceHead {
  return typeof value === "object" && value !== null && "roamTrace" in value;
}

function isEvent(value: unknown): value is TraceEvent {
  if (typeof value !== "object" || value === null) return false;
  const { t, session, kind } = value as Partial<TraceEvent>;
  return typeof t === "number" && typeof session === "number" && kind !== undefined && kind in kindNumber;
}
