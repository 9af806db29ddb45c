import { counted, timeText } from "../words.ts";
import { EVENT_ROW, EventRow } from "./event-row.tsx";
import type { InspectorState } from "./inspector-state.ts";
import { useChanges } from "./use-changes.ts";
import { VirtualList } from "./virtual-list.tsx";

/** The events of the time that is seen, as they are in the trace. */
export function EventsTab({ state }: { state: InspectorState }) {
  useChanges(state);
  const { store, fromMs, toMs, selected } = state;
  const first = store.numberAt(fromMs);
  const count = Math.max(0, store.numberAt(toMs + 1e-6) - first);
  const isListed = selected >= first && selected < first + count;
  const move = (by: number) => {
    const at = isListed ? selected + by : first;
    state.select(Math.max(first, Math.min(first + count - 1, at)));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "PageDown") move(8);
    else if (event.key === "PageUp") move(-8);
    else return;
    event.preventDefault();
  };
  return (
    <div class="list-tab">
      <p class="told">
        {counted(count, "event")} from {timeText(fromMs, state.spanMs / 50)} to{" "}
        {timeText(toMs, state.spanMs / 50)}
      </p>
      <VirtualList
        label="Events"
        count={count}
        rowHeight={EVENT_ROW}
        shown={isListed ? selected - first : undefined}
        active={isListed ? `event-${selected}` : undefined}
        onKeyDown={onKey}
        render={(index) => (
          <EventRow key={first + index} state={state} number={first + index} id={`event-${first + index}`} />
        )}
      />
    </div>
  );
}
