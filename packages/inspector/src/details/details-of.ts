import type { CallBeginEvent, CallEndEvent, MessageEvent, TraceEvent } from "roam/trace";
import type { PayloadReader } from "../decode/payload-reader.ts";
import { lowerBound } from "../store/column.ts";
import { ITEM } from "../store/event-kind.ts";
import type { TraceStore } from "../store/trace-store.ts";
import { bytesText, CAUSES, countText, durationText, OUTCOME_WORDS, timeText, waitText } from "../words.ts";

/** What the details of an event say. */
export interface Details {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly texts: readonly { readonly title: string; readonly text: string; readonly note?: string }[];
  /** Events that belong to it. */
  readonly related: readonly { readonly number: number; readonly label: string }[];
  /** Who waited for whom meanwhile. */
  readonly waits: readonly string[];
}

/** Messages of a call stand so near to its own events at most. */
const NEAR = 64;
const MOST_ITEMS = 30;
const MOST_SAMPLES = 200;

/** The details of an event, those of its call if it is one of those. */
export function detailsOf(store: TraceStore, payloads: PayloadReader, number: number): Details | undefined {
  const event = store.event(number);
  if (event === undefined) return undefined;
  switch (event.kind) {
    case "call-begin":
      return callDetails(store, payloads, number, endOf(store, event, number));
    case "call-end":
      return callDetails(store, payloads, beginOf(store, event, number), number);
    case "message":
      return messageDetails(store, payloads, event, number);
    default:
      return plainDetails(event);
  }
}

/** The number of a call's beginning, of which the end is known; -1 where it is not there. */
function beginOf(store: TraceStore, end: CallEndEvent, number: number): number {
  for (const track of tracksOf(store, end)) {
    const index = lowerBound(track.numbers.values, track.numbers.length, number);
    if (track.numbers.at(index) === number && index < track.count) return track.beginNumbers.at(index);
  }
  return -1;
}

function endOf(store: TraceStore, begin: CallBeginEvent, number: number): number {
  for (const track of tracksOf(store, begin)) {
    for (let i = lowerBound(track.ends.values, track.count, begin.t); i < track.count; i++) {
      if (track.beginNumbers.values[i] === number) return track.numbers.at(i);
    }
  }
  return -1;
}

function tracksOf(store: TraceStore, { session, connection, method, side }: CallBeginEvent | CallEndEvent) {
  const tracks = store.sessions.get(session)?.connections.get(Number(connection))?.calls.values() ?? [];
  return [...tracks].filter((track) => track.method === method && track.isHandler === (side === "handler"));
}

function callDetails(
  store: TraceStore,
  payloads: PayloadReader,
  beginNumber: number,
  endNumber: number,
): Details {
  const begin = asKind(store.event(beginNumber), "call-begin");
  const end = asKind(store.event(endNumber), "call-end");
  const either = (begin ?? end) as CallBeginEvent | CallEndEvent;
  const { method, session, connection, id, side } = either;
  const beginMs = begin?.t ?? (end === undefined ? 0 : end.t - end.ms);
  const call = requestMessage(store, "RequestCall", either, beginNumber);
  const answer = requestMessage(store, "RequestResponse", either, endNumber);
  const facts: [string, string][] = [
    ["outcome", end === undefined ? "not answered yet" : OUTCOME_WORDS[end.outcome]],
    ["took", end === undefined ? `${durationText(store.lastMs - beginMs)} so far` : durationText(end.ms)],
    ["began", timeText(beginMs)],
    ["side", side === "caller" ? "called from here" : "served here"],
    ["session", `${session}${Number(connection) === 0 ? ", root connection" : `, connection ${connection}`}`],
    ["request", String(id)],
  ];
  if (call?.event.bytes !== undefined) facts.push(["arguments", bytesText(call.event.bytes)]);
  if (answer?.event.bytes !== undefined) facts.push(["answer", bytesText(answer.event.bytes)]);
  for (const { key, value, isRedacted } of call?.event.metadata ?? []) {
    facts.push([`metadata ${key}`, isRedacted ? "(left out: sensitive)" : (value ?? "")]);
  }
  const texts = [];
  if (call?.event.payload !== undefined) {
    texts.push({ title: "Arguments", ...told(payloads, payloads.args(method, call.event.payload)) });
  }
  if (answer?.event.payload !== undefined) {
    texts.push({ title: "Answer", ...told(payloads, payloads.answer(method, answer.event.payload)) });
  }
  const channels = begin?.channels ?? [];
  return {
    title: method,
    facts,
    texts,
    related: channels.flatMap((channel) => itemsOf(store, session, Number(connection), Number(channel))),
    waits: waitsBetween(store, session, beginMs, end?.t ?? store.lastMs),
  };
}

function told({ problem }: PayloadReader, { text, isDecoded }: { text: string; isDecoded: boolean }) {
  if (isDecoded) return { text };
  return { text, note: problem ?? "no schema says what these bytes are" };
}

/** The call's message, or its answer's: it stands just before the event of the call. */
function requestMessage(
  store: TraceStore,
  tag: string,
  { session, connection, id }: CallBeginEvent | CallEndEvent,
  number: number,
): { readonly event: MessageEvent; readonly number: number } | undefined {
  if (number < 0) return undefined;
  for (let at = number - 1; at >= Math.max(store.first, number - NEAR); at--) {
    const event = asKind(store.event(at), "message");
    if (event === undefined || event.tag !== tag || event.session !== session) continue;
    if (String(event.id) === String(id) && String(event.connection) === String(connection)) {
      return { event, number: at };
    }
  }
  return undefined;
}

function itemsOf(store: TraceStore, session: number, connection: number, id: number): Details["related"] {
  const channel = store.sessions.get(session)?.connections.get(connection)?.channels.get(id);
  if (channel === undefined) return [];
  const related: { number: number; label: string }[] = [];
  for (let i = 0; i < channel.numbers.length && related.length < MOST_ITEMS; i++) {
    if (channel.tags.at(i) !== ITEM) continue;
    const label = `channel ${id}: item at ${timeText(channel.times.at(i))}, ${bytesText(channel.bytes.at(i))}`;
    related.push({ number: channel.numbers.at(i), label });
  }
  const last = related.at(-1);
  if (last !== undefined && channel.items > related.length) {
    related.push({ ...last, label: `… ${countText(channel.items)} items in all` });
  }
  return related;
}

/** In words, each cause once: stalls first, then what samples saw. */
function waitsBetween(store: TraceStore, session: number, fromMs: number, toMs: number): string[] {
  const waits = new Set<string>();
  for (const { event, beginMs, endMs } of store.sessions.get(session)?.stalls ?? []) {
    if (beginMs > toMs || (endMs ?? toMs) < fromMs) continue;
    waits.add(`${waitText(event)} ${CAUSES[event.cause]}`);
  }
  const samples = store.sessions.get(session)?.activity.samples;
  if (samples === undefined) return [...waits];
  const first = lowerBound(samples.values, samples.length, fromMs);
  for (let i = first; i < samples.length && samples.at(i) <= toMs && i < first + MOST_SAMPLES; i++) {
    for (const wait of sampleAt(store, session, samples.at(i)))
      waits.add(`${waitText(wait)} ${CAUSES[wait.cause]}`);
  }
  return [...waits];
}

function sampleAt(store: TraceStore, session: number, t: number) {
  for (let number = store.numberAt(t); number < store.next && store.timeOf(number) === t; number++) {
    const event = asKind(store.event(number), "sample");
    if (event?.session === session) return event.waits;
  }
  return [];
}

function messageDetails(
  store: TraceStore,
  payloads: PayloadReader,
  event: MessageEvent,
  number: number,
): Details {
  if (event.tag === "RequestCall" || event.tag === "RequestResponse") {
    const kind = event.tag === "RequestCall" ? "call-begin" : "call-end";
    for (let at = number + 1; at < Math.min(store.next, number + NEAR); at++) {
      const own = store.event(at);
      if (own?.kind !== kind || own.session !== event.session) continue;
      if (String(own.id) === String(event.id)) return detailsOf(store, payloads, at) as Details;
    }
  }
  const plain = plainDetails(event);
  if (event.payload === undefined) return plain;
  const text = event.tag === "ChannelItem" ? itemText(store, payloads, event, event.payload) : undefined;
  return { ...plain, texts: text === undefined ? plain.texts : [text, ...plain.texts] };
}

function itemText(store: TraceStore, payloads: PayloadReader, event: MessageEvent, payload: string) {
  const { session, connection, id } = event;
  const channel = store.sessions.get(session)?.connections.get(Number(connection))?.channels.get(Number(id));
  const number = channel?.callNumber ?? -1;
  const call = asKind(store.event(number), "call-begin");
  const args = call && requestMessage(store, "RequestCall", call, number)?.event.payload;
  const place = call?.channels?.findIndex((one) => String(one) === String(id)) ?? 0;
  // Arguments that are channels alone take no bytes, and are not told.
  return {
    title: "Item",
    ...told(payloads, payloads.item(channel?.method ?? "", place, args ?? "", payload)),
  };
}

function plainDetails(event: TraceEvent): Details {
  const { kind, t, session } = event;
  const title = kind === "message" ? `${event.tag} ${event.direction === "in" ? "came" : "was sent"}` : kind;
  const facts: [string, string][] = [
    ["at", timeText(t)],
    ["session", String(session)],
  ];
  if (kind === "stall") {
    facts.push(["what", waitText(event)], ["cause", CAUSES[event.cause]], ["for", durationText(event.ms)]);
  }
  return {
    title,
    facts,
    texts: [{ title: "Event", text: JSON.stringify(event, null, 2) }],
    related: [],
    waits: [],
  };
}

function asKind<K extends TraceEvent["kind"]>(event: TraceEvent | undefined, kind: K) {
  return event?.kind === kind ? (event as Extract<TraceEvent, { kind: K }>) : undefined;
}
