import type { CallTrack } from "../store/call-track.ts";
import type { ChannelTrack } from "../store/channel-track.ts";
import type { ConnectionNode, SessionNode } from "../store/session-node.ts";
import type { TraceStore } from "../store/trace-store.ts";

/** A line of the tree, and of the timeline. */
export type Row = {
  /** Names it for as long as it is there. */
  readonly key: string;
  readonly depth: number;
  readonly session: SessionNode;
  /** True, or false where it hides what is under it; undefined where nothing is. */
  readonly isOpen: boolean | undefined;
} & (
  | { readonly kind: "session" }
  | { readonly kind: "connection"; readonly connection: ConnectionNode }
  | { readonly kind: "calls"; readonly connection: ConnectionNode; readonly track: CallTrack }
  | { readonly kind: "channels"; readonly connection: ConnectionNode }
  | { readonly kind: "channel"; readonly connection: ConnectionNode; readonly track: ChannelTrack }
);

/** More channels than this are shown only when somebody asks. */
const MANY_CHANNELS = 8;
/** More sessions than this begin closed. */
const MANY_SESSIONS = 20;

/** The rows to be seen. @param turned keys of rows that are not as they began: opened, or closed */
export function rowsOf(store: TraceStore, turned: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const opens = (key: string, byItself: boolean) => byItself !== turned.has(key);
  const sessions = [...store.sessions.values()].sort((a, b) => a.number - b.number);
  for (const session of sessions) {
    const key = `s${session.number}`;
    const isOpen = opens(key, sessions.length <= MANY_SESSIONS);
    rows.push({ kind: "session", key, depth: 0, session, isOpen });
    if (!isOpen) continue;
    const connections = [...session.connections.values()].sort((a, b) => a.id - b.id);
    for (const connection of connections) addConnection(rows, session, connection, opens);
  }
  return rows;
}

function addConnection(
  rows: Row[],
  session: SessionNode,
  connection: ConnectionNode,
  opens: (key: string, byItself: boolean) => boolean,
): void {
  const key = `s${session.number}/${connection.id}`;
  const isOpen = opens(key, true);
  rows.push({ kind: "connection", key, depth: 1, session, connection, isOpen });
  if (!isOpen) return;
  const calls = [...connection.calls].sort(([, a], [, b]) => a.method.localeCompare(b.method));
  for (const [number, track] of calls) {
    rows.push({
      kind: "calls",
      key: `${key}/m${number}`,
      depth: 2,
      session,
      connection,
      track,
      isOpen: undefined,
    });
  }
  const { channels } = connection;
  if (channels.size === 0) return;
  const under = `${key}/c`;
  const areOpen = opens(under, channels.size <= MANY_CHANNELS);
  rows.push({ kind: "channels", key: under, depth: 2, session, connection, isOpen: areOpen });
  if (!areOpen) return;
  for (const track of [...channels.values()].sort((a, b) => a.id - b.id)) {
    rows.push({
      kind: "channel",
      key: `${under}${track.id}`,
      depth: 3,
      session,
      connection,
      track,
      isOpen: undefined,
    });
  }
}

/** What a row is called. */
export function labelOf(row: Row): string {
  switch (row.kind) {
    case "session":
      return `session ${row.session.number}`;
    case "connection":
      return row.connection.id === 0 ? "root connection" : `connection ${row.connection.id}`;
    case "calls":
      return row.track.method;
    case "channels":
      return "channels";
    case "channel":
      return row.track.method === "" ? `channel ${row.track.id}` : `${row.track.id} · ${row.track.method}`;
  }
}

/** The same without the service, for where there is little room. */
export function shortLabelOf(row: Row): string {
  return labelOf(row).replace(/[^\s.]+\./, "");
}

/** The row under which a row stands, if its key says so. */
export function isUnder(row: Row, scope: string): boolean {
  return scope === "" || row.key === scope || row.key.startsWith(scope.endsWith("/c") ? scope : `${scope}/`);
}
