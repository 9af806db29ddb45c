import type { TraceStore } from "./trace-store.ts";

/** So long one stretch of work may take (ms): half a frame. */
const SLICE_MS = 8;
const SLICE_BYTES = 128 * 1024;

/**
 * Reads a source into a store, in slices that leave the page free to draw.
 *
 * @param onProgress called after each slice
 * @throws what the source throws; nothing if it was aborted
 */
export async function pump(
  chunks: AsyncIterable<string | Uint8Array>,
  store: TraceStore,
  onProgress: () => void,
  signal?: AbortSignal,
): Promise<void> {
  const encoder = new TextEncoder();
  let sliceMs = performance.now();
  for await (const chunk of chunks) {
    const bytes = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      if (signal?.aborted) return;
      store.add(bytes.subarray(at, at + SLICE_BYTES));
      if (performance.now() - sliceMs < SLICE_MS) continue;
      onProgress();
      await turn();
      sliceMs = performance.now();
    }
    // A source that has what comes next at hand gives the page no turn by itself.
    onProgress();
  }
  store.finish();
  onProgress();
}

/** Lets everything else have its turn: a timer would wait for milliseconds. */
function turn(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } };
  if (scheduler?.yield !== undefined) return scheduler.yield();
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
