import type { TraceEvent, TraceHead, TraceId, TraceMetadata } from "roam/trace";
import type { CapturedEntry, CapturedMessage, CaptureHeader } from "../traffic/capture-format.ts";
import { type MethodIndex, methodIndex } from "../traffic/method-index.ts";
import type { NumberedLine } from "../traffic/replay/read-capture.ts";

/** Lines are handed on in texts of this length, or a little more (characters). */
const TEXT_LENGTH = 65_536;
/** What stands in an answer's place, in wire order. */
const ERRORS = ["error", "unknown-method", "invalid-payload", "cancelled", "indeterminate"] as const;

/** An event without what is added to each of them. */
type Bare = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, "t" | "session"> : never) : never;

/**
 * A capture as a trace, as the side that dialled would have told it: what it sent is `out`, its calls are
 * the caller's. Calls are paired with their answers; there is nothing about links, for a capture has none.
 */
export async function* traceFromCapture(
  { madeBy, at, schema }: Pick<CaptureHeader, "madeBy" | "at" | "schema">,
  lines: AsyncIterable<NumberedLine>,
): AsyncGenerator<string, void, undefined> {
  const head: TraceHead = { roamTrace: 1, madeBy, at, ...(schema && { schema }) };
  const index = methodIndex(schema);
  const sessions = new Map<number, CapturedSession>();
  let text = `${JSON.stringify(head)}\n`;
  for await (const { line } of lines) {
    const { t, session } = line;
    let known = sessions.get(session);
    if (known === undefined) {
      known = new CapturedSession(index);
      sessions.set(session, known);
    }
    const events =
      "begin" in line
        ? known.begin(line.begin.peer)
        : "end" in line
          ? known.end(t, line.end.cause)
          : known.message(t, line.from === "initiator", line.message);
    for (const event of events) text += `${JSON.stringify({ t, session, ...event })}\n`;
    if ("end" in line) sessions.delete(session);
    if (text.length < TEXT_LENGTH) continue;
    yield text;
    text = "";
  }
  yield text;
}

/** A call that was made, until its answer. */
interface OpenCall {
  readonly side: "caller" | "handler";
  readonly connection: TraceId;
  readonly id: TraceId;
  readonly method: string;
  readonly beginMs: number;
}

class CapturedSession {
  readonly #index: MethodIndex;
  readonly #calls = new Map<string, OpenCall>();
  #peer = "";
  #hello: CapturedMessage | undefined;
  #isBegun = false;

  constructor(index: MethodIndex) {
    this.#index = index;
  }

  begin(peer: string): Bare[] {
    this.#peer = peer;
    return [];
  }

  message(t: number, isOut: boolean, message: CapturedMessage): Bare[] {
    // A trace begins when the handshake is over.
    if (message.tag === "Hello") {
      this.#hello = message;
      return [];
    }
    const events: Bare[] = [];
    if (!this.#isBegun) events.push(this.#sessionEvent(message));
    if (message.tag === "HelloYourself") return events;
    const { tag, connection, id = 0, channels, payload, additional, metadata } = message;
    const method = message.method === undefined ? undefined : this.#nameOf(message.method);
    const hasChannels = channels !== undefined && channels.length > 0;
    events.push({
      kind: "message",
      direction: isOut ? "out" : "in",
      tag,
      connection,
      ...(message.id !== undefined && { id }),
      ...(method !== undefined && { method }),
      ...(hasChannels && { channels }),
      ...(payload !== undefined && { bytes: lengthOf(payload), payload }),
      ...(additional !== undefined && { additional }),
      ...(metadata !== undefined && { metadata: metadata.map(traced) }),
    });
    if (tag === "RequestCall" && method !== undefined) {
      const side = isOut ? "caller" : "handler";
      this.#calls.set(`${connection} ${side} ${id}`, { side, connection, id, method, beginMs: t });
      events.push({ kind: "call-begin", side, connection, id, method, ...(hasChannels && { channels }) });
    } else if (tag === "RequestResponse") {
      const key = `${connection} ${isOut ? "handler" : "caller"} ${id}`;
      const call = this.#calls.get(key);
      this.#calls.delete(key);
      if (call !== undefined) events.push(ended(call, t, outcomeOf(payload ?? "")));
    } else if (tag === "ConnectionClose" || tag === "ConnectionReject")
      events.push(...this.#lose(t, connection));
    return events;
  }

  end(t: number, cause: string | undefined): Bare[] {
    return [
      ...this.#lose(t, undefined),
      { kind: "end", ...(cause !== undefined && { code: cause, reason: cause }) },
    ];
  }

  /** Ends what was open on a connection, or on all of them. */
  #lose(t: number, connection: TraceId | undefined): Bare[] {
    const events: Bare[] = [];
    for (const [key, call] of this.#calls) {
      if (connection !== undefined && call.connection !== connection) continue;
      this.#calls.delete(key);
      events.push(ended(call, t, "lost"));
    }
    return events;
  }

  #sessionEvent(answer: CapturedMessage): Bare {
    this.#isBegun = true;
    const here = this.#hello?.settings?.maxConcurrentRequests ?? 0;
    const there = answer.settings?.maxConcurrentRequests ?? 0;
    return {
      kind: "session",
      role: "initiator",
      peer: this.#peer,
      conduit: "bare",
      isJoined: this.#hello === undefined,
      maxConcurrentRequests: { here, there },
      metadata: (this.#hello?.metadata ?? []).map(traced),
    };
  }

  #nameOf(id: string): string {
    const method = this.#index.get(id);
    return method === undefined ? id : `${method.service}.${method.name}`;
  }
}

function ended(
  { side, connection, id, method, beginMs }: OpenCall,
  t: number,
  outcome: "ok" | "lost" | (typeof ERRORS)[number],
): Bare {
  // Times of a capture have microseconds; a difference has no more.
  const ms = Number((t - beginMs).toFixed(3));
  return { kind: "call-end", side, connection, id, method, outcome, ms };
}

/** By the first bytes of an answer. */
function outcomeOf(payload: string) {
  const [first, second] = Buffer.from(payload.slice(0, 4), "base64");
  return first === 0 ? "ok" : (ERRORS[second ?? 0] ?? "error");
}

function lengthOf(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}

function traced({ key, string, bytes, u64, redacted }: CapturedEntry): TraceMetadata {
  if (redacted) return { key, isRedacted: true };
  return { key, value: string ?? u64 ?? bytes ?? "" };
}
