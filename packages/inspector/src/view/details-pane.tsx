import { useMemo } from "preact/hooks";
import { PayloadReader } from "../decode/payload-reader.ts";
import { detailsOf } from "../details/details-of.ts";
import { bytesText, counted } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";
import { useChanges } from "./use-changes.ts";

/** What was chosen: a call with its arguments, an item, any event; or what is known of the session. */
export function DetailsPane({ state }: { state: InspectorState }) {
  useChanges(state);
  const { store, selected } = state;
  const payloads = useMemo(() => new PayloadReader(store.head?.schema), [store, store.head]);
  // A call that is not answered yet changes with each event.
  const details = useMemo(
    () => (selected < 0 ? undefined : detailsOf(store, payloads, selected)),
    [store, payloads, selected, store.next],
  );
  if (details === undefined) return <SessionDetails state={state} />;
  const { title, facts, texts, related, waits } = details;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys
    <aside class="details" aria-label="Details" tabIndex={0}>
      <h2>
        {title}
        <button type="button" class="plain" aria-label="Close the details" onClick={() => state.select(-1)}>
          ×
        </button>
      </h2>
      <Facts facts={facts} />
      {texts.map((one) => (
        <section key={one.title}>
          <h3>{one.title}</h3>
          {one.note !== undefined && <p class="note">{one.note}</p>}
          <pre>{one.text}</pre>
        </section>
      ))}
      {waits.length > 0 && (
        <section>
          <h3>Who waited meanwhile</h3>
          <ul>
            {waits.map((wait) => (
              <li key={wait}>{wait}</li>
            ))}
          </ul>
        </section>
      )}
      {related.length > 0 && (
        <section>
          <h3>Items</h3>
          <ul class="related">
            {related.map(({ number, label }) => (
              <li key={label}>
                <button type="button" class="link" onClick={() => state.select(number)}>
                  {label}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  );
}

function SessionDetails({ state }: { state: InspectorState }) {
  const { session, store } = state;
  const facts: [string, string][] = [];
  if (session === undefined) {
    facts.push(["events", counted(store.count, "event")], ["text", bytesText(store.segments.bytes)]);
    facts.push(["sessions", String(store.sessions.size)]);
    if (store.head !== undefined) facts.push(["made by", store.head.madeBy], ["began", store.head.at]);
    facts.push(["schema", store.head?.schema === undefined ? "none in the trace" : "in the trace"]);
    if (store.dropped > 0) facts.push(["left out", counted(store.dropped, "event")]);
    if (store.first > 0) facts.push(["forgotten", counted(store.first, "event")]);
    if (store.unreadable > 0) facts.push(["unreadable", counted(store.unreadable, "line")]);
  } else {
    const { event, end } = session;
    facts.push(["link", session.linkState]);
    if (event !== undefined) {
      facts.push(["role", event.role], ["peer", event.peer], ["conduit", event.conduit]);
      if (event.service !== undefined) facts.push(["serves", event.service]);
      const { here, there } = event.maxConcurrentRequests;
      facts.push(["in flight", `at most ${here} to here, ${there} to there`]);
      for (const { key, value, isRedacted } of event.metadata) {
        facts.push([`metadata ${key}`, isRedacted ? "(left out: sensitive)" : (value ?? "")]);
      }
    }
    if (end !== undefined)
      facts.push(["ended", end.code === undefined ? "in order" : `${end.code}: ${end.reason}`]);
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys
    <aside class="details" aria-label="Details" tabIndex={0}>
      <h2>{session === undefined ? "Trace" : `Session ${session.number}`}</h2>
      <Facts facts={facts} />
      <p class="note">
        Choose a call or an item in the timeline, or an event in a list, to see what is in it.
      </p>
    </aside>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
