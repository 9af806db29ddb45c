import { useState } from "preact/hooks";
import type { Act, TraceSource } from "../source.ts";
import { bytesText, counted, countText } from "../words.ts";
import { download, exportTrace } from "./export-trace.ts";
import type { InspectorState } from "./inspector-state.ts";
import { chooseTheme, isDark } from "./theme.ts";
import { useChanges } from "./use-changes.ts";

export interface ToolbarProps {
  readonly state: InspectorState;
  readonly source: TraceSource;
  readonly onKeys: () => void;
}

/** What the page shows, how far it is, and what can be done with all of it. */
export function Toolbar({ state, source, onKeys }: ToolbarProps) {
  useChanges(state);
  const [, setTheme] = useState(0);
  const { store } = state;
  const save = (isAll: boolean) => {
    const from = isAll ? store.first : store.numberAt(state.fromMs);
    const to = isAll ? store.next : store.numberAt(state.toMs + 1e-6);
    download(exportTrace(store, from, to), "trace.jsonl");
  };
  const switchTheme = () => {
    chooseTheme(isDark() ? "light" : "dark");
    setTheme((count) => count + 1);
  };
  return (
    <header class="toolbar">
      <h1>
        Roam <span class="title">{source.title}</span>
      </h1>
      <Status state={state} />
      <span class="spring" />
      {source.act !== undefined && <Acts state={state} act={source.act} />}
      {state.isLive && (
        <button
          type="button"
          aria-pressed={state.isFollowing}
          onClick={() => state.follow(!state.isFollowing)}
        >
          Follow
        </button>
      )}
      <button type="button" onClick={() => state.showAll()} title="Show the whole trace (0)">
        All
      </button>
      <button
        type="button"
        onClick={() => save(false)}
        title="Download the events that are seen, as JSON lines"
      >
        Export range
      </button>
      <button type="button" onClick={() => save(true)} title="Download all events, as JSON lines">
        Export all
      </button>
      <button type="button" onClick={switchTheme} aria-label="Dark or light" title="Dark or light">
        ◐
      </button>
      <button type="button" onClick={onKeys} aria-label="Keys" title="Keys (?)">
        ?
      </button>
    </header>
  );
}

function Status({ state }: { state: InspectorState }) {
  const { phase, store, isLive } = state;
  const parts = [counted(store.count, "event")];
  if (phase.kind === "reading") parts.push(isLive ? "live" : `reading, ${bytesText(store.segments.bytes)}`);
  else if (phase.kind === "failed") parts.push(phase.reason);
  else if (isLive) parts.push("over");
  if (store.dropped > 0) parts.push(`${countText(store.dropped)} left out: the reader was too slow`);
  if (store.first > 0) parts.push(`the oldest ${countText(store.first)} are forgotten`);
  if (store.unreadable > 0) parts.push(`${counted(store.unreadable, "line")} unreadable`);
  return (
    <output class={`status ${phase.kind}`} data-phase={phase.kind} data-events={store.count}>
      {parts.join(" · ")}
    </output>
  );
}

const ACTS: readonly (readonly [Act, string])[] = [
  ["cut", "Cut the link"],
  ["pause", "Pause reader"],
  ["resume", "Resume reader"],
];

/** For development: what breaks on purpose. */
function Acts({ state, act }: { state: InspectorState; act: NonNullable<TraceSource["act"]> }) {
  const [told, setTold] = useState("");
  // With one session it is clear which is meant.
  const [only] = state.store.sessions.size === 1 ? state.store.sessions.keys() : [];
  const session = state.session?.number ?? only;
  const run = async (what: Act) => {
    if (session === undefined) return;
    setTold("");
    try {
      if (!(await act(session, what)))
        setTold("the peer allows this with introspection: { development: true } only");
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <span class="acts">
      <output>{told}</output>
      {ACTS.map(([what, label]) => (
        <button
          key={what}
          type="button"
          disabled={session === undefined}
          title={session === undefined ? "Choose a session first" : `Session ${session}`}
          onClick={() => void run(what)}
        >
          {label}
        </button>
      ))}
    </span>
  );
}
