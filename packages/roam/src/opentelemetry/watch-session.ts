import type { Session } from "../session/session.ts";
import type { Instruments } from "./instruments.ts";
import {
  DETACHED,
  DETACHED_REASON,
  RESUMED,
  RESUMED_REPLAYED,
  SESSION_ROLE,
  STALLED,
  STALLED_CONTROLS,
  STALLED_DURATION,
  STALLED_SENDERS,
} from "./names.ts";
import type { OpenSpans } from "./open-spans.ts";

/** Counts a session until it ends, and tells the spans that are open there what happens to it. */
export function watchSession(session: Session, spans: OpenSpans, instruments: Instruments): void {
  const { sessions, resumes, stalls } = instruments;
  const attributes = { [SESSION_ROLE]: session.role };
  const tell = (name: string, about: Record<string, string | number>) =>
    spans.addEvent(session.connections, name, about);
  let isDetached = session.state.kind === "detached";
  const stopState = session.watch((state) => {
    // Told again with each attempt to dial.
    if (state.kind === "detached" && !isDetached) tell(DETACHED, { [DETACHED_REASON]: state.reason });
    isDetached = state.kind === "detached";
    if (state.kind !== "resumed") return;
    resumes.add(1, attributes);
    tell(RESUMED, { [RESUMED_REPLAYED]: state.replayed });
  });
  const stopStalls = session.watchStalls(({ forMs, waitingControls, waitingSenders }) => {
    stalls.add(1, attributes);
    tell(STALLED, {
      [STALLED_DURATION]: forMs / 1_000,
      [STALLED_CONTROLS]: waitingControls,
      [STALLED_SENDERS]: waitingSenders,
    });
  });
  sessions.add(1, attributes);
  void session.ended.then(() => {
    stopState();
    stopStalls();
    sessions.add(-1, attributes);
  });
}
