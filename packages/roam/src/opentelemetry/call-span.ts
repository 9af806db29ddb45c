import { type Attributes, type Histogram, type Span, SpanStatusCode } from "@opentelemetry/api";
import type { CallOutcome } from "./call-outcome.ts";
import { ERROR_TYPE, RPC_STATUS_CODE } from "./names.ts";

/** The span of a call and its duration, which end once. */
export class CallSpan {
  readonly span: Span;
  readonly #duration: Histogram;
  readonly #attributes: Attributes;
  readonly #onEnd: () => void;
  readonly #beginMs = performance.now();
  #hasEnded = false;

  /** @param options.attributes of the measurement */
  constructor(options: {
    readonly span: Span;
    readonly duration: Histogram;
    readonly attributes: Attributes;
    readonly onEnd: () => void;
  }) {
    this.span = options.span;
    this.#duration = options.duration;
    this.#attributes = options.attributes;
    this.#onEnd = options.onEnd;
  }

  end({ status, errorType, exception }: CallOutcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const ended = { [RPC_STATUS_CODE]: status, ...(errorType !== undefined && { [ERROR_TYPE]: errorType }) };
    const { span } = this;
    if (span.isRecording()) {
      span.setAttributes(ended);
      if (exception !== undefined) span.recordException(exception);
      if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
    this.#duration.record((performance.now() - this.#beginMs) / 1_000, { ...this.#attributes, ...ended });
    this.#onEnd();
  }
}
