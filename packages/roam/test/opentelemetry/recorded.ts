import type { Attributes } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  type ReadableSpan,
  type Sampler,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { type Telemetry, telemetry } from "roam/opentelemetry";

/** Keeps the spans of one program: those that ended, and how many are open. */
export class SpanLog implements SpanProcessor {
  readonly ended: ReadableSpan[] = [];
  started = 0;
  open = 0;

  onStart(): void {
    this.started++;
    this.open++;
  }

  onEnd(span: ReadableSpan): void {
    this.ended.push(span);
    this.open--;
  }

  /** The only one of that name. */
  one(name: string): ReadableSpan {
    const found = this.ended.filter((span) => span.name === name);
    const [span] = found;
    if (span === undefined || found.length > 1) throw new Error(`${found.length} spans ${name}`);
    return span;
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

export interface Measured {
  readonly unit: string;
  readonly points: readonly { readonly attributes: Attributes; readonly value: unknown }[];
}

/** The telemetry of one program, kept in memory. */
export class Recorded {
  readonly spans = new SpanLog();
  readonly telemetry: Telemetry;
  readonly tracerProvider: BasicTracerProvider;
  readonly #reader = new Reader();

  constructor(options: { readonly sampler?: Sampler } = {}) {
    this.tracerProvider = new BasicTracerProvider({ ...options, spanProcessors: [this.spans] });
    const meterProvider = new MeterProvider({ readers: [this.#reader] });
    this.telemetry = telemetry({ tracerProvider: this.tracerProvider, meterProvider });
  }

  /** By name. */
  async metrics(): Promise<Record<string, Measured>> {
    const { resourceMetrics } = await this.#reader.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
        metrics.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          {
            unit: descriptor.unit,
            points: dataPoints.map(({ attributes, value }) => ({ attributes, value })),
          },
        ]),
      ),
    );
  }
}
