import { useEffect, useMemo, useState } from "preact/hooks";
import type { TraceSource } from "../source.ts";
import { pump } from "../store/pump.ts";
import { TraceStore } from "../store/trace-store.ts";
import { DetailsPane } from "./details-pane.tsx";
import { Drawer, type TabName } from "./drawer.tsx";
import { InspectorState } from "./inspector-state.ts";
import { KeysDialog } from "./keys-dialog.tsx";
import { Overview } from "./overview.tsx";
import { Plots } from "./plots.tsx";
import { Timeline } from "./timeline.tsx";
import { Toolbar } from "./toolbar.tsx";
import { TreePane } from "./tree-pane.tsx";

/** A live trace goes on for as long as it likes: so many of its events are kept. */
const MOST_LIVE_EVENTS = 2_000_000;

/** The whole page: reads the source, and shows it while it comes. */
export function Inspector({ source }: { source: TraceSource }) {
  const state = useMemo(() => {
    const store = new TraceStore(source.isLive ? { maxEvents: MOST_LIVE_EVENTS } : {});
    return new InspectorState(store, source.isLive);
  }, [source]);
  const [tab, setTab] = useState<TabName>("stalls");
  const [hasKeys, setHasKeys] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    pump(source.chunks, state.store, () => state.grew(), stop.signal).then(
      () => {
        performance.mark("trace-read");
        state.become({ kind: "over" });
      },
      (error: unknown) =>
        state.become({ kind: "failed", reason: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      stop.abort();
      state.stop();
    };
  }, [source, state]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "/") setTab("search");
      else if (event.key === "s") setTab("stalls");
      else if (event.key === "e") setTab("events");
      else if (event.key === "f" && state.isLive) state.follow(!state.isFollowing);
      else if (event.key === "0") state.showAll();
      else if (event.key === "Escape") state.select(-1);
      else if (event.key === "?") setHasKeys(true);
      else return;
      if (event.key === "/") event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [state]);
  return (
    <div class="roam-inspector">
      <Toolbar state={state} source={source} onKeys={() => setHasKeys(true)} />
      <TreePane state={state} />
      <main>
        <Overview state={state} />
        <Plots state={state} />
        <Timeline state={state} />
        <Drawer state={state} tab={tab} onTab={setTab} />
      </main>
      <DetailsPane state={state} />
      <KeysDialog isOpen={hasKeys} onClose={() => setHasKeys(false)} />
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}
