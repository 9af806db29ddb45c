import type { TraceEvent } from "roam/trace";
import { bytesText, CAUSES, durationText, OUTCOME_WORDS, waitText } from "./words.ts";

/** An event in a few words, without its kind and its time. */
export function summaryOf(event: TraceEvent): string {
  switch (event.kind) {
    case "session":
      return `${event.role} with ${event.peer}, ${event.conduit}`;
    case "end":
      return event.code === undefined ? "in order" : `${event.code}: ${event.reason ?? ""}`;
    case "link":
      return event.reason === undefined ? event.state : `${event.state}: ${event.reason}`;
    case "message": {
      const { direction, tag, id, method, bytes } = event;
      const parts = [direction === "out" ? "→" : "←", tag, id, method];
      if (bytes !== undefined) parts.push(bytesText(bytes));
      return parts.filter((part) => part !== undefined).join(" ");
    }
    case "call-begin":
      return `${event.side} ${event.id} ${event.method}`;
    case "call-end":
      return `${event.side} ${event.id} ${event.method}, ${OUTCOME_WORDS[event.outcome]} after ${durationText(event.ms)}`;
    case "stall":
      return `${waitText(event)} ${event.isOver ? "went on after" : CAUSES[event.cause]} ${durationText(event.ms)}`;
    case "permit-wait":
    case "round-trip":
      return durationText(event.ms);
    case "limit":
      return event.limit;
    case "error":
      return `${event.code}: ${event.reason}`;
    case "sample":
      return `${event.inFlight} in flight, ${event.channels.length} channels, ${bytesText(event.replayBytes)} kept`;
    case "dropped":
      return `${event.count} events left out`;
  }
}
