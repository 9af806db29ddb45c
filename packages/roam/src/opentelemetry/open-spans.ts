import type { Attributes, Span } from "@opentelemetry/api";
import type { MessageSink } from "../channel/message-sink.ts";

/** The spans that are open, by the connection that they are of. */
export class OpenSpans {
  // Nothing is kept for a connection that nobody has any more.
  readonly #byConnection = new WeakMap<MessageSink, Set<Span>>();

  add(via: MessageSink, span: Span): void {
    const spans = this.#byConnection.get(via);
    if (spans === undefined) this.#byConnection.set(via, new Set([span]));
    else spans.add(span);
  }

  delete(via: MessageSink, span: Span): void {
    this.#byConnection.get(via)?.delete(span);
  }

  /** Something happened to these connections, and so to what goes on there. */
  addEvent(connections: Iterable<MessageSink>, name: string, attributes: Attributes): void {
    for (const connection of connections) {
      for (const span of this.#byConnection.get(connection) ?? []) span.addEvent(name, attributes);
    }
  }
}
