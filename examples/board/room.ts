import type { Handlers, Tx } from "roam";
import type { Board, Change, Note } from "./board.ts";

const MOST_NOTES = 500;
const LONGEST_TEXT = 500;
const MOST_FILES = 50;
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

type Seat = (change: Change) => void;

/** What is on the board, and those who look at it. */
export class Room {
  readonly #notes = new Map<string, Note>();
  readonly #files: Extract<Change, { tag: "File" }>[] = [];
  readonly #seats = new Set<Seat>();

  readonly handlers: Handlers<(typeof Board)["methods"]> = {
    join: async ({ out }, { principal, signal }) => {
      await this.#sit(out, signal);
      this.#tell({ tag: "Left", value: `${principal}` });
    },
    put: ({ note }, { principal }) => {
      const isFull = this.#notes.size >= MOST_NOTES && !this.#notes.has(note.id);
      if (isFull || note.text.length > LONGEST_TEXT) throw new Error("the board is full");
      const signed = { ...note, by: `${principal}` };
      this.#notes.set(note.id, signed);
      this.#tell({ tag: "Put", value: signed });
    },
    remove: ({ id }) => {
      if (this.#notes.delete(id)) this.#tell({ tag: "Removed", value: id });
    },
    point: ({ x, y }, { principal }) => this.#tell({ tag: "Pointer", who: `${principal}`, x, y }),
    drop: async ({ name, content }, { principal }) => {
      let bytes = 0n;
      for await (const piece of content) {
        bytes += BigInt(piece.length);
        if (bytes > LARGEST_FILE_BYTES) throw new Error("the file is too large");
      }
      const file = { tag: "File", value: { name, bytes, by: `${principal}` } } as const;
      if (this.#files.push(file) > MOST_FILES) this.#files.shift();
      this.#tell(file);
      return bytes;
    },
  };

  #tell(change: Change): void {
    for (const seat of this.#seats) seat(change);
  }

  /** Sends all there is and all that comes, at the pace of the one who looks. */
  async #sit(out: Tx<Change>, signal: AbortSignal): Promise<void> {
    const waiting: Change[] = [...this.#files];
    for (const value of this.#notes.values()) waiting.push({ tag: "Put", value });
    let wake = () => {};
    const seat: Seat = (change) => {
      // Of those who wait, one pointer each is enough: the newest.
      const older = waiting.findIndex(
        (one) => one.tag === "Pointer" && change.tag === "Pointer" && one.who === change.who,
      );
      if (older >= 0) waiting.splice(older, 1);
      waiting.push(change);
      wake();
    };
    this.#seats.add(seat);
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        for (const change of waiting.splice(0)) await out.send(change, { signal });
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    } catch {
      // Gone in the midst of a change.
    } finally {
      this.#seats.delete(seat);
    }
  }
}
