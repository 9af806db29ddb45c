import { useEffect, useRef } from "preact/hooks";

const KEYS: readonly (readonly [string, string])[] = [
  ["← →", "move through time, with Shift in large steps"],
  ["+ −", "see more closely, or more"],
  ["0", "the whole trace"],
  ["Home End", "the beginning, the end"],
  ["↑ ↓", "timeline: another row; lists and tree: another line"],
  ["[ ]", "timeline: the call or item before, the next one"],
  ["/", "search; Enter and Shift+Enter go through what was found"],
  ["n N", "with the search open: the next find, the one before"],
  ["s e", "stalls, events"],
  ["f", "follow what is new (live)"],
  ["Esc", "close the details"],
  ["?", "these keys"],
];

/** What the keys do. */
export function KeysDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="note">
        The wheel and two fingers zoom, dragging moves; over the names at the left the wheel scrolls.
      </p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </dialog>
  );
}
