import type { Metadata, MetadataValue } from "../wire/metadata.ts";
import { base64 } from "./base64.ts";
import type { TraceMetadata } from "./trace-event.ts";

/** What may be told of metadata: values that are marked SENSITIVE stay here. */
// r[impl rpc.metadata.flags.sensitive]
export function traceMetadata(metadata: Metadata): TraceMetadata[] {
  return Array.from(metadata, ({ key, value, isSensitive }) =>
    isSensitive ? { key, isRedacted: true } : { key, value: textOf(value) },
  );
}

function textOf(value: MetadataValue): string {
  return value instanceof Uint8Array ? base64(value) : String(value);
}
