import { useEffect, useReducer, useState } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "roam";
import { tabsSource } from "roam/tabs";
import { useSession } from "roam-react";
import { Board, type Note } from "../board.ts";
import { type BoardClient, changed, EMPTY, piecesOf } from "./board-state.ts";

type Props = { readonly board: BoardClient };
type Progress = { readonly name: string; readonly sent: number; readonly size: number };

const NAMES = ["Ada", "Bo", "Chi", "Dara", "Eli", "Fay", "Gus", "Hana"];
const query = new URLSearchParams(location.search);
const me =
  query.get("name") ??
  `${NAMES[Math.floor(Math.random() * NAMES.length)]} ${1 + Math.floor(Math.random() * 99)}`;
const network = document.querySelector<HTMLMetaElement>('meta[name="network"]')?.content ?? "";

function Banner({ board }: Props) {
  const session = useSession(board);
  const [isInside, setInside] = useState(false);
  const drive = async () => {
    await fetch(isInside ? "/tunnel" : "/tunnel?inside", { method: "POST" });
    setInside(!isInside);
  };
  const text =
    session.kind === "detached"
      ? `no network for ${Math.round(session.forMs / 1000)} s, changes will follow`
      : session.kind;
  return (
    <header>
      <h1>Board</h1>
      <p>
        You are <b>{me}</b>. All tabs of this browser share one connection.
      </p>
      <p role="status" data-state={session.kind}>
        {text}
      </p>
      <button type="button" onClick={drive}>
        {isInside ? "Out of the tunnel" : "Into a tunnel"}
      </button>
    </header>
  );
}

function NoteView({ board, note }: Props & { readonly note: Note }) {
  const [draft, setDraft] = useState<string>();
  const put = (change: Partial<Note>) => void board.put({ note: { ...note, ...change } });
  return (
    <article style={{ left: `${note.x * 100}%`, top: `${note.y * 100}%` }}>
      <textarea
        aria-label={`Note of ${note.by}`}
        maxLength={500}
        value={draft ?? note.text}
        onChange={({ target }) => {
          setDraft(target.value);
          put({ text: target.value });
        }}
        onBlur={() => setDraft(undefined)}
      />
      <footer>
        {note.by}
        <button
          type="button"
          aria-label="Remove this note"
          onClick={() => void board.remove({ id: note.id })}
        >
          ×
        </button>
      </footer>
    </article>
  );
}

/** Where on the board, from 0 to 1. */
function placeOf({ currentTarget, clientX, clientY }: React.MouseEvent | React.DragEvent) {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}

function App({ board }: Props) {
  const [state, change] = useReducer(changed, EMPTY);
  const [uploads, setUploads] = useState<readonly Progress[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async () => {
      for await (const one of board.join({}, { signal: leaving.signal }).out) change(one);
    };
    follow().catch(() => {});
    return () => leaving.abort();
  }, [board]);
  const add = (x: number, y: number) =>
    void board.put({ note: { id: crypto.randomUUID(), x, y, text: "", by: me } });
  const upload = async (file: File) => {
    const show = (sent: number) =>
      setUploads((all) => [
        ...all.filter(({ name }) => name !== file.name),
        { name: file.name, sent, size: file.size },
      ]);
    show(0);
    await board.drop({ name: file.name, content: piecesOf(file, show) });
    setUploads((all) => all.filter(({ name }) => name !== file.name));
  };
  return (
    <>
      <Banner board={board} />
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: there is a button for keyboards */}
      <main
        aria-label="Click to add a note, drop files here"
        onClick={(event) => {
          const { x, y } = placeOf(event);
          if (event.target === event.currentTarget) add(x, y);
        }}
        onPointerMove={(event) => void board.point(placeOf(event)).catch(() => {})}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          for (const file of event.dataTransfer.files) void upload(file);
        }}
      >
        {state.notes.size === 0 && <p>Click anywhere to add a note. Drop a file to share it.</p>}
        {[...state.notes.values()].map((note) => (
          <NoteView key={note.id} board={board} note={note} />
        ))}
        {[...state.pointers.values()]
          .filter(({ who }) => who !== me)
          .map(({ who, x, y }) => (
            <i key={who} style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
              {who}
            </i>
          ))}
      </main>
      <aside>
        <button type="button" onClick={() => add(Math.random() * 0.8, Math.random() * 0.8)}>
          Add a note
        </button>
        <label>
          Add a file
          <input
            type="file"
            onChange={({ target }) => {
              for (const file of target.files ?? []) void upload(file);
            }}
          />
        </label>
        {uploads.map(({ name, sent, size }) => (
          <progress key={name} aria-label={name} max={size} value={sent} />
        ))}
        <ul>
          {state.files.map(({ name, bytes, by }) => (
            <li key={`${name} ${by}`}>
              {name}, {bytes.toLocaleString()} bytes, by {by}
            </li>
          ))}
        </ul>
      </aside>
    </>
  );
}

const worker = () =>
  new SharedWorker(`/holder.js?network=${encodeURIComponent(network)}`, { type: "module" });
const board = await connect(tabsSource(network, { worker }), Board, {
  metadata: { name: me },
  reconnect: { capMs: 1_000 },
});
// Who leaves says so; a page that is kept may come back.
addEventListener("pagehide", ({ persisted }) => {
  if (!persisted) void board.$.session.close();
});
const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App board={board} />);
