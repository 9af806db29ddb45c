import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";

interface Collected {
  readonly program: string;
  readonly span: ReadableSpan;
}

/** Stands in for a collector: takes the spans of all programs and shows each trace as a tree. */
export class Collector {
  readonly #collected: Collected[] = [];

  exporterFor(program: string): SpanExporter {
    return {
      export: (spans, onDone) => {
        this.#collected.push(...spans.map((span) => ({ program, span })));
        onDone({ code: 0 });
      },
      shutdown: async () => {},
    };
  }

  /** A line for each span, below the one that caused it, and lines for its events and links. */
  show(): string[] {
    const all = this.#collected.sort((a, b) => beginNs(a) - beginNs(b));
    const below = (parent: string | undefined, indent: string): string[] =>
      all
        .filter(({ span }) => span.parentSpanContext?.spanId === parent)
        .flatMap((one) => [
          ...describe(one).map((line) => indent + line),
          ...below(one.span.spanContext().spanId, `${indent}  `),
        ]);
    return below(undefined, "");
  }
}

function beginNs({ span: { startTime } }: Collected): number {
  return startTime[0] * 1e9 + startTime[1];
}

function describe({ program, span }: Collected): string[] {
  const { name, kind, status, attributes, events, links, duration } = span;
  const failure = status.code === SpanStatusCode.ERROR ? ` failed: ${attributes["error.type"]}` : "";
  const ms = (duration[0] * 1e3 + duration[1] / 1e6).toFixed(1);
  return [
    `${name} (${program}, ${SpanKind[kind].toLowerCase()}, ${ms} ms)${failure}`,
    ...events.map((event) => `  * ${event.name}`),
    ...links.map(({ context }) => `  -> ${context.spanId}, ${attributes["roam.channel.items"]} items`),
  ];
}
