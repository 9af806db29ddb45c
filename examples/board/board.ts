import { type Infer, method, service, t } from "roam";

export const Note = t.struct("Note", { id: t.string, x: t.f32, y: t.f32, text: t.string, by: t.string });
export type Note = Infer<typeof Note>;

export const SharedFile = t.struct("SharedFile", { name: t.string, bytes: t.u64, by: t.string });

/** What everybody on the board hears, in the same order. */
export const Change = t.enum("Change", {
  Put: Note,
  Removed: t.string,
  Pointer: { who: t.string, x: t.f32, y: t.f32 },
  Left: t.string,
  File: SharedFile,
});
export type Change = Infer<typeof Change>;

/** A board that many look at and write on at once. Who somebody is, the session says. */
export const Board = service("Board", {
  /** All that is there, then all that changes, until it is left. */
  join: method({ out: t.tx(Change, 256) }),
  /** Adds a note, or puts a changed one in its place. */
  put: method({ note: Note }),
  remove: method({ id: t.string }),
  point: method({ x: t.f32, y: t.f32 }),
  /** @returns what was received (bytes) */
  drop: method({ name: t.string, content: t.rx(t.bytes, 4) }, t.u64),
});
