import {
  type Counter,
  type Histogram,
  type MeterProvider,
  metrics,
  type UpDownCounter,
} from "@opentelemetry/api";
import {
  CLIENT_CALL_DURATION,
  DURATION_BUCKETS,
  SERVER_CALL_DURATION,
  SESSION_COUNT,
  SESSION_RESUMES,
  SESSION_STALLS,
} from "./names.ts";
import { SCOPE } from "./scope.ts";

/** What is measured. */
export class Instruments {
  readonly calls: Readonly<Record<"caller" | "handler", Histogram>>;
  readonly sessions: UpDownCounter;
  readonly resumes: Counter;
  readonly stalls: Counter;

  constructor(provider: MeterProvider = metrics) {
    const meter = provider.getMeter(SCOPE);
    const seconds = { unit: "s", advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] } };
    this.calls = {
      caller: meter.createHistogram(CLIENT_CALL_DURATION, {
        ...seconds,
        description: "Measures the duration of an outgoing Remote Procedure Call (RPC).",
      }),
      handler: meter.createHistogram(SERVER_CALL_DURATION, {
        ...seconds,
        description: "Measures the duration of an incoming Remote Procedure Call (RPC).",
      }),
    };
    this.sessions = meter.createUpDownCounter(SESSION_COUNT, {
      unit: "{session}",
      description: "Sessions that are there, with or without a link.",
    });
    this.resumes = meter.createCounter(SESSION_RESUMES, {
      unit: "{resume}",
      description: "Lost links that were replaced.",
    });
    this.stalls = meter.createCounter(SESSION_STALLS, {
      unit: "{stall}",
      description: "Times at which a counterpart was found not to read what it is sent.",
    });
  }
}
