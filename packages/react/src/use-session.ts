import { useEffect, useMemo, useReducer, useSyncExternalStore } from "react";
import type { Session } from "roam";
import { type SessionSnapshot, sessionStore } from "./session-store.ts";

/** `forMs`: how long it has been so, told once a second while the session has no link. */
export type SessionView = SessionSnapshot & { readonly forMs: number };

/** What `connect` gives is one. */
export interface HasSession {
  readonly $: { readonly session: Session };
}

const EVERY_MS = 1_000;

/**
 * What is with the session of a client, for a banner.
 *
 * @example const { kind, forMs } = useSession(billing);
 *   if (kind === "detached") return <p>Offline for {Math.round(forMs / 1000)} s …</p>;
 */
export function useSession(client: HasSession): SessionView {
  const { session } = client.$;
  const store = useMemo(() => sessionStore(session), [session]);
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  const [, tick] = useReducer((ticks: number) => ticks + 1, 0);
  const isDetached = snapshot.kind === "detached";
  useEffect(() => {
    if (!isDetached) return;
    const timer = setInterval(tick, EVERY_MS);
    return () => clearInterval(timer);
  }, [isDetached]);
  return { ...snapshot, forMs: performance.now() - snapshot.sinceMs };
}
