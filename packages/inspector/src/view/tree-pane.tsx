import { countText } from "../words.ts";
import type { InspectorState } from "./inspector-state.ts";
import { labelOf, type Row, shortLabelOf } from "./rows.ts";
import { useChanges } from "./use-changes.ts";
import { VirtualList } from "./virtual-list.tsx";

const ROW = 22;

/** Sessions, their connections, methods and channels. What is chosen is what plots and timeline show. */
export function TreePane({ state }: { state: InspectorState }) {
  useChanges(state);
  const { rows, scope } = state;
  const at = rows.findIndex(({ key }) => key === scope);
  const choose = (index: number) => state.choose(rows[index]?.key ?? "");
  const onKey = (event: KeyboardEvent) => {
    const row = rows[at];
    if (event.key === "ArrowDown") choose(Math.min(rows.length - 1, at + 1));
    else if (event.key === "ArrowUp") choose(Math.max(-1, at - 1));
    else if (event.key === "Home") choose(-1);
    else if (event.key === "End") choose(rows.length - 1);
    else if (event.key === "ArrowRight" && row !== undefined) {
      if (row.isOpen === false) state.turn(row.key);
      else if (row.isOpen === true) choose(Math.min(rows.length - 1, at + 1));
    } else if (event.key === "ArrowLeft" && row !== undefined) {
      if (row.isOpen === true) state.turn(row.key);
      else choose(rows.findLastIndex((one, index) => index < at && one.depth < row.depth));
    } else if ((event.key === "Enter" || event.key === " ") && row?.isOpen !== undefined) state.turn(row.key);
    else return;
    event.preventDefault();
  };
  return (
    <nav class="tree" aria-label="Sessions">
      <VirtualList
        role="tree"
        label="Sessions and connections"
        count={rows.length + 1}
        rowHeight={ROW}
        shown={at + 1}
        active={`row-${at + 1}`}
        onKeyDown={onKey}
        render={(index) => <TreeRow key={index} index={index} row={rows[index - 1]} state={state} />}
      />
    </nav>
  );
}

function TreeRow({ row, index, state }: { row: Row | undefined; index: number; state: InspectorState }) {
  const isChosen = (row?.key ?? "") === state.scope;
  const turn = (event: MouseEvent) => {
    event.stopPropagation();
    if (row !== undefined) state.turn(row.key);
  };
  const label = row === undefined ? "all sessions" : labelOf(row);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it has the keys
    <div
      class={`row ${row?.kind ?? "all"}`}
      id={`row-${index}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={(row?.depth ?? -1) + 2}
      aria-selected={isChosen}
      {...(row?.isOpen !== undefined && { "aria-expanded": row.isOpen })}
      title={label}
      style={{ paddingLeft: `${8 + ((row?.depth ?? -1) + 1) * 10}px` }}
      onClick={() => state.choose(row?.key ?? "")}
    >
      <span class="twist" onClick={turn} aria-hidden="true">
        {row?.isOpen === undefined ? "" : row.isOpen ? "▾" : "▸"}
      </span>
      {row?.kind === "session" && (
        <i class={`state ${row.session.linkState}`} title={row.session.linkState} />
      )}
      {row?.kind === "calls" && (
        <span class="side" title={row.track.isHandler ? "served here" : "called from here"}>
          {row.track.isHandler ? "←" : "→"}
        </span>
      )}
      <span class="name">{row === undefined ? label : shortLabelOf(row)}</span>
      <RowCount row={row} state={state} />
    </div>
  );
}

function RowCount({ row, state }: { row: Row | undefined; state: InspectorState }) {
  if (row === undefined) return <span class="count">{countText(state.store.sessions.size)}</span>;
  switch (row.kind) {
    case "session":
      return <span class="count">{row.session.event?.peer ?? ""}</span>;
    case "calls": {
      const { count, troubled, open } = row.track;
      return (
        <span class="count">
          {troubled > 0 && <span class="trouble" title="with an error">{`${countText(troubled)} ⚠ `}</span>}
          {countText(count + open.size)}
        </span>
      );
    }
    case "channels":
      return <span class="count">{countText(row.connection.channels.size)}</span>;
    case "channel":
      return <span class="count">{countText(row.track.items)}</span>;
    default:
      return null;
  }
}
