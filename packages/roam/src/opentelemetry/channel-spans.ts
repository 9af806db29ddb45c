import { type Context, type Link, type SpanContext, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { callChannels } from "../call/call-channels.ts";
import type { MiddlewareCall } from "../call/middleware.ts";
import { CHANNEL_DIRECTION, CHANNEL_ITEMS, CHANNEL_NAME, ERROR_TYPE } from "./names.ts";
import type { OpenSpans } from "./open-spans.ts";

/**
 * A span for each channel of a call, for its life, which may be longer than the call's. Both ends
 * of a channel link to the span of who made the call: that is how they find each other.
 *
 * @param options.context with the call's span, the parent: channels are sampled as their call is
 * @param options.caller the caller's span
 */
export function spanChannels(
  call: MiddlewareCall,
  options: {
    readonly tracer: Tracer;
    readonly spans: OpenSpans;
    readonly context: Context;
    readonly caller: SpanContext;
  },
): void {
  const { tracer, spans, context, caller } = options;
  const links: Link[] = [{ context: caller }];
  for (const { name, direction, watch } of callChannels(call)) {
    const attributes = { [CHANNEL_NAME]: name, [CHANNEL_DIRECTION]: direction };
    const span = tracer.startSpan(`${call.service}/${call.method} ${name}`, { attributes, links }, context);
    spans.add(call.via, span);
    const end = () => {
      span.end();
      spans.delete(call.via, span);
    };
    const isWatched = watch(({ items, cause }) => {
      span.setAttribute(CHANNEL_ITEMS, items);
      // A receiver that wants no more is no failure of who sends.
      const isDone = direction === "out" && cause?.code === "channel-reset";
      if (cause !== undefined && !isDone) {
        span.setAttribute(ERROR_TYPE, cause.code);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      end();
    });
    // Another call's handle: this call fails of it.
    if (!isWatched) end();
  }
}
