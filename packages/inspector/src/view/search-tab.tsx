import { useEffect, useRef, useState } from "preact/hooks";
import { type Found, MOST_FOUND, searchTrace } from "../search/search-trace.ts";
import { countText } from "../words.ts";
import { EVENT_ROW, EventRow } from "./event-row.tsx";
import type { InspectorState } from "./inspector-state.ts";
import { useChanges } from "./use-changes.ts";
import { VirtualList } from "./virtual-list.tsx";

const NOTHING: Found = { numbers: [], isDone: true };
const UNKNOWN: Found = { numbers: [], isDone: false };
const TYPED_MS = 150;

/** Finds events by any text in them: a method, an id, a key of metadata, a reason. */
export function SearchTab({ state }: { state: InspectorState }) {
  useChanges(state);
  const [query, setQuery] = useState("");
  const [found, setFound] = useState(NOTHING);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);
  useEffect(() => {
    if (query.trim() === "") return;
    let isOver = false;
    const timer = setTimeout(async () => {
      for await (const now of searchTrace(state.store, query)) {
        if (isOver) return;
        setFound(now);
      }
    }, TYPED_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [query, state]);
  const type = (text: string) => {
    setQuery(text);
    setAt(-1);
    setFound(text.trim() === "" ? NOTHING : UNKNOWN);
  };
  const { numbers, isDone } = found;
  const go = (index: number) => {
    if (numbers.length === 0) return;
    const next = (index + numbers.length) % numbers.length;
    setAt(next);
    state.select(numbers[next] as number);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") go(at + (event.shiftKey ? -1 : 1));
    else if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else return;
    event.preventDefault();
  };
  // Elsewhere than in the field, n and N go on.
  const goOn = useRef(go);
  goOn.current = go;
  const place = useRef(at);
  place.current = at;
  useEffect(() => {
    const onGlobalKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") goOn.current(place.current + 1);
      else if (event.key === "N") goOn.current(place.current - 1);
    };
    addEventListener("keydown", onGlobalKey);
    return () => removeEventListener("keydown", onGlobalKey);
  }, []);
  const total = `${countText(numbers.length)}${numbers.length >= MOST_FOUND ? "+" : ""}${isDone ? "" : "…"}`;
  return (
    <div class="list-tab">
      <div class="told search">
        <input
          ref={input}
          type="search"
          aria-label="Search events"
          placeholder="method, text, or field:value as id:7, outcome:error, key:token"
          value={query}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKey}
        />
        <button
          type="button"
          onClick={() => go(at - 1)}
          disabled={numbers.length === 0}
          aria-label="Previous find"
        >
          ↑
        </button>
        <button
          type="button"
          onClick={() => go(at + 1)}
          disabled={numbers.length === 0}
          aria-label="Next find"
        >
          ↓
        </button>
        <output class="found">
          {query.trim() === "" ? "" : `${at < 0 ? "–" : countText(at + 1)} of ${total}`}
        </output>
      </div>
      <VirtualList
        label="Finds"
        count={numbers.length}
        rowHeight={EVENT_ROW}
        shown={at}
        active={at >= 0 ? `find-${numbers[at]}` : undefined}
        onKeyDown={onKey}
        render={(index) => {
          const number = numbers[index] as number;
          return <EventRow key={number} state={state} number={number} id={`find-${number}`} />;
        }}
      />
    </div>
  );
}
