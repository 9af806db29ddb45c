import { EventsTab } from "./events-tab.tsx";
import type { InspectorState } from "./inspector-state.ts";
import { SearchTab } from "./search-tab.tsx";
import { StallsTab, stallsOf } from "./stalls-tab.tsx";
import { useChanges } from "./use-changes.ts";

export type TabName = "stalls" | "search" | "events";
const TABS: readonly (readonly [TabName, string])[] = [
  ["stalls", "Stalls"],
  ["search", "Search"],
  ["events", "Events"],
];

export interface DrawerProps {
  readonly state: InspectorState;
  readonly tab: TabName;
  readonly onTab: (tab: TabName) => void;
}

/** What is beside the pictures: stalls, search, events. */
export function Drawer({ state, tab, onTab }: DrawerProps) {
  useChanges(state);
  const open = stallsOf(state).filter(({ endMs }) => endMs === undefined).length;
  const onKey = (event: KeyboardEvent) => {
    const at = TABS.findIndex(([name]) => name === tab);
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[(at + by + TABS.length) % TABS.length];
    if (by === 0 || next === undefined) return;
    onTab(next[0]);
    document.getElementById(`tab-${next[0]}`)?.focus();
    event.preventDefault();
  };
  return (
    <section class="drawer" aria-label="Lists">
      <div role="tablist" aria-label="Lists" onKeyDown={onKey}>
        {TABS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={name === tab}
            aria-controls="tab-panel"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => onTab(name)}
          >
            {label}
            {name === "stalls" && open > 0 && <span class="badge">{open}</span>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        {tab === "stalls" && <StallsTab state={state} />}
        {tab === "search" && <SearchTab state={state} />}
        {tab === "events" && <EventsTab state={state} />}
      </div>
    </section>
  );
}
