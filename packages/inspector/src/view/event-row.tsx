import { summaryOf } from "../summary-of.ts";
import { timeText } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";

/** Height of such a row (CSS pixels). */
export const EVENT_ROW = 20;

/** One event in one line. */
export function EventRow({ state, number, id }: { state: InspectorState; number: number; id: string }) {
  const event = state.store.event(number);
  const isSelected = state.selected === number;
  if (event === undefined) return null;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it has the keys
    <div
      class={`event ${event.kind}`}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isSelected}
      onClick={() => state.select(number)}
    >
      <span class="t">{timeText(event.t, 1e-3)}</span>
      <span class="n" title="session">
        {event.session}
      </span>
      <span class="k">{event.kind}</span>
      <span class="s">{summaryOf(event)}</span>
    </div>
  );
}
