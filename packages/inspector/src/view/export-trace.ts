import type { TraceStore } from "../store/trace-store.ts";

/** The events from one number to before another as a trace of their own. */
export function exportTrace(store: TraceStore, from: number, to: number): Blob {
  const head = store.head ?? { roamTrace: 1, madeBy: "roam inspector", at: new Date(0).toISOString() };
  const parts: BlobPart[] = [`${JSON.stringify(head)}\n`];
  for (const segment of store.segments.list) {
    const first = Math.max(from, segment.firstNumber, store.first);
    const end = Math.min(to, segment.firstNumber + segment.count);
    if (first >= end) continue;
    const stop = end === segment.firstNumber + segment.count ? segment.lines : store.offsetOf(end);
    parts.push(segment.bytes.slice(store.offsetOf(first), stop));
  }
  return new Blob(parts, { type: "application/x-ndjson" });
}

/** Gives the user a file. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read by the next turn at the latest.
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
