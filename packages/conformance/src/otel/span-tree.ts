import { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { SpanLog } from "../../../roam/test/opentelemetry/recorded.ts";

/** The ended spans of some programs as lines, children below their parents in the order in which they began. */
export function spanTree(programs: Readonly<Record<string, SpanLog>>): string[] {
  const all = Object.entries(programs)
    .flatMap(([program, { ended }]) => ended.map((span) => ({ program, span })))
    .sort((a, b) => a.span.startTime[0] - b.span.startTime[0] || a.span.startTime[1] - b.span.startTime[1]);
  const known = new Set(all.map(({ span }) => span.spanContext().spanId));
  const below = (parent: string | undefined, indent: string): string[] =>
    all
      .filter(({ span: { parentSpanContext } }) => {
        const id = parentSpanContext?.spanId;
        return (id !== undefined && known.has(id) ? id : undefined) === parent;
      })
      .flatMap(({ program, span }) => [
        `${indent}${program}: ${span.name} ${SpanKind[span.kind]}${isStray(span, known) ? " (stray)" : ""}`,
        ...below(span.spanContext().spanId, `${indent}  `),
      ]);
  return below(undefined, "");
}

/** Its parent is nowhere to be found. */
function isStray({ parentSpanContext }: ReadableSpan, known: ReadonlySet<string>): boolean {
  return parentSpanContext !== undefined && !known.has(parentSpanContext.spanId);
}

/** Ids of the traces that the spans belong to. */
export function traceIds(programs: Readonly<Record<string, SpanLog>>): Set<string> {
  return new Set(
    Object.values(programs).flatMap(({ ended }) => ended.map((span) => span.spanContext().traceId)),
  );
}
