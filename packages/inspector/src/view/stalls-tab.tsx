import type { Stall } from "../store/session-node.ts";
import { CAUSES, durationText, timeText, waitText } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";
import { useChanges } from "./use-changes.ts";

const MOST = 200;

/** What waits for long, and for whom; those that still do come first. */
export function StallsTab({ state }: { state: InspectorState }) {
  useChanges(state);
  const stalls = stallsOf(state);
  const shown = stalls.slice(0, MOST);
  if (stalls.length === 0)
    return <p class="told empty">Nothing has stalled{state.session ? " in this session" : ""}.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys
    <section class="table-tab" tabIndex={0} aria-label="Stalls">
      <table>
        <thead>
          <tr>
            <th scope="col">since</th>
            <th scope="col">for</th>
            <th scope="col">session</th>
            <th scope="col">what</th>
            <th scope="col">cause</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((stall) => (
            <StallRow key={stall.number} stall={stall} state={state} />
          ))}
        </tbody>
      </table>
      {stalls.length > MOST && <p class="told">and {stalls.length - MOST} more</p>}
    </section>
  );
}

function StallRow({ stall, state }: { stall: Stall; state: InspectorState }) {
  const { event, beginMs, endMs, session, number } = stall;
  const isOpen = endMs === undefined;
  return (
    <tr class={isOpen ? "open" : "over"} aria-selected={state.selected === number}>
      <td>{timeText(beginMs)}</td>
      <td>
        {durationText((endMs ?? state.store.lastMs) - beginMs)}
        {isOpen ? ", still" : ""}
      </td>
      <td>{session}</td>
      <td>
        <button type="button" class="link" onClick={() => state.select(number)}>
          {waitText(event)}
        </button>
      </td>
      <td>{CAUSES[event.cause]}</td>
    </tr>
  );
}

export function stallsOf({ store, session }: InspectorState): Stall[] {
  const nodes = session === undefined ? [...store.sessions.values()] : [session];
  const stalls = nodes.flatMap((node) => node.stalls);
  return stalls.sort(
    (a, b) => Number(b.endMs === undefined) - Number(a.endMs === undefined) || b.beginMs - a.beginMs,
  );
}
