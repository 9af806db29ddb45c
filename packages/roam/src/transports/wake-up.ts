/**
 * Calls `retry` when the browser is online again, the tab is looked at, or the page comes back from
 * its cache: it knows that before any timer does. In a worker only the first can be had.
 *
 * @returns what stops it
 */
// r[impl stable.x.backoff]
export function onWakeUp(retry: () => void): () => void {
  const { document } = globalThis as { document?: Document };
  const onVisible = () => {
    if (document?.visibilityState === "visible") retry();
  };
  globalThis.addEventListener("online", retry);
  globalThis.addEventListener("pageshow", retry);
  document?.addEventListener("visibilitychange", onVisible);
  return () => {
    globalThis.removeEventListener("online", retry);
    globalThis.removeEventListener("pageshow", retry);
    document?.removeEventListener("visibilitychange", onVisible);
  };
}
