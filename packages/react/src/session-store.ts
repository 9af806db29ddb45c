import type { ConduitState, Session } from "roam";
import { Cell, type Store } from "./store.ts";

/** What is with a session's links, and since when it has been so (by `performance.now()`, ms). */
export type SessionSnapshot = ConduitState & { readonly sinceMs: number };

/**
 * The state of a session, for a banner: `connected`, `detached` since a moment, `resumed`, `lost` with its reason.
 * It listens for as long as somebody is subscribed.
 */
export function sessionStore(session: Session): Store<SessionSnapshot> {
  const cell = new Cell<SessionSnapshot>({ ...session.state, sinceMs: performance.now() });
  const take = (state: ConduitState) => {
    const { kind, sinceMs } = cell.getSnapshot();
    // Attempts in vain are news, but it is the same absence.
    cell.set({ ...state, sinceMs: kind === state.kind ? sinceMs : performance.now() });
  };
  let stop: (() => void) | undefined;
  return {
    getSnapshot: cell.getSnapshot,
    subscribe(onChange) {
      if (stop === undefined) {
        stop = session.watch(take);
        // What has happened while nobody listened.
        if (session.state.kind !== cell.getSnapshot().kind) take(session.state);
      }
      const unsubscribe = cell.subscribe(onChange);
      return () => {
        unsubscribe();
        if (cell.isWatched) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}
