import type { Client } from "roam";
import type { Board, Change, Note } from "../board.ts";

export type BoardClient = Client<(typeof Board)["methods"]>;

export interface Pointer {
  readonly who: string;
  readonly x: number;
  readonly y: number;
}

export interface BoardState {
  readonly notes: ReadonlyMap<string, Note>;
  readonly pointers: ReadonlyMap<string, Pointer>;
  readonly files: readonly { readonly name: string; readonly bytes: bigint; readonly by: string }[];
}

export const EMPTY: BoardState = { notes: new Map(), pointers: new Map(), files: [] };

/** What the board looks like after a change. */
export function changed(state: BoardState, change: Change): BoardState {
  switch (change.tag) {
    case "Put":
      return { ...state, notes: new Map(state.notes).set(change.value.id, change.value) };
    case "Removed": {
      const notes = new Map(state.notes);
      notes.delete(change.value);
      return { ...state, notes };
    }
    case "Pointer":
      return { ...state, pointers: new Map(state.pointers).set(change.who, change) };
    case "Left": {
      const pointers = new Map(state.pointers);
      pointers.delete(change.value);
      return { ...state, pointers };
    }
    case "File":
      return { ...state, files: [...state.files, change.value] };
  }
}

const PIECE_BYTES = 64 * 1024;

/** The pieces of a file, each when the server is ready for it. @param onSent told how many have gone (bytes) */
export async function* piecesOf(file: File, onSent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < file.size; start += PIECE_BYTES) {
    yield new Uint8Array(await file.slice(start, start + PIECE_BYTES).arrayBuffer());
    onSent(Math.min(start + PIECE_BYTES, file.size));
  }
}
