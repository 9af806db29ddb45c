import type { TraceEvent } from "roam/trace";

/** What a recorded session is about, without times and numbers: a line for each thing that happens. */
export function storyOf(events: readonly TraceEvent[]): string[] {
  return events.flatMap((event) => {
    switch (event.kind) {
      case "session":
        return [`${event.role} on a ${event.conduit} conduit`];
      case "link":
        return [`link ${event.state}`];
      case "call-begin":
        return [`${event.side} begins ${event.method}`];
      case "call-end":
        return [`${event.side} ends ${event.method}: ${event.outcome}`];
      case "end":
        return [`end${event.code === undefined ? "" : ` ${event.code}`}`];
      case "error":
        return [`error ${event.code}`];
      case "limit":
        return [`limit ${event.limit}`];
      default:
        return [];
    }
  });
}

/** The same of stalls, which come with samples and so between any two of the others. */
export function stallsOf(events: readonly TraceEvent[]): string[] {
  return events.flatMap((event) =>
    event.kind === "stall" && event.what === "channel"
      ? [`${event.method} waits for ${event.cause}${event.isOver ? " no more" : ""}`]
      : [],
  );
}

function told(role: string, side: "caller" | "handler"): string[] {
  const call = (method: string, outcome: string) => [
    `${side} begins Testbed.${method}`,
    `${side} ends Testbed.${method}: ${outcome}`,
  ];
  const [begins, ends] = call("echo", "ok") as [string, string];
  return [
    `${role} on a stable conduit`,
    "link connected",
    ...call("echo", "ok"),
    ...call("lookup", "error"),
    ...call("generate", "ok"),
    // A call that is made without a link is sent with the next one.
    "link detached",
    ...(side === "caller" ? [begins, "link resumed", ends] : ["link resumed", begins, ends]),
    ...call("generate", "ok"),
    "link closed",
    "end",
  ];
}

/** What `recordSession` has to look like on both sides. */
export const EXPECTED = {
  client: told("initiator", "caller"),
  server: told("acceptor", "handler"),
  stalls: {
    client: ["Testbed.generate waits for consumer", "Testbed.generate waits for consumer no more"],
    server: ["Testbed.generate waits for credit", "Testbed.generate waits for credit no more"],
  },
} as const;
