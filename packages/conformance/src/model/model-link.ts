import type { Frame } from "../../../roam/src/conduit/stable/frame.ts";

/** The initiator, which dials, and the acceptor. */
export type Side = "a" | "b";

export const SIDES: readonly Side[] = ["a", "b"];

export function other(side: Side): Side {
  return side === "a" ? "b" : "a";
}

/** What lies in one direction of a link. */
export type Parcel =
  | { readonly kind: "hello"; readonly lastReceived: number | undefined }
  | { readonly kind: "rejected" }
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "end" };

/** Two queues. What is written to a link that is cut, or to a side that reads it no more, is gone. */
export class ModelLink {
  readonly #to: Record<Side, Parcel[]> = { a: [], b: [] };
  /** Sides that have ended their direction. */
  readonly #ended = new Set<Side>();
  /** Sides that gave it up, as after a fence. */
  readonly #left = new Set<Side>();
  /** Sides for which all is over: they ended their direction and read no more. */
  readonly #retired = new Set<Side>();
  #isCut = false;

  push(to: Side, parcel: Parcel): void {
    if (!this.#isCut && !this.#left.has(to) && !this.#retired.has(to)) this.#to[to].push(parcel);
  }

  hasFor(side: Side): boolean {
    return this.#to[side].length > 0;
  }

  take(side: Side): Parcel | undefined {
    return this.#to[side].shift();
  }

  end(side: Side): void {
    if (this.#ended.has(side)) return;
    this.#ended.add(side);
    this.push(other(side), { kind: "end" });
  }

  hasEnded(side: Side): boolean {
    return this.#ended.has(side);
  }

  /** What was written before may still arrive. */
  leave(side: Side): void {
    this.#left.add(side);
    this.#to[side].length = 0;
  }

  hasLeft(side: Side): boolean {
    return this.#left.has(side);
  }

  retire(side: Side): void {
    this.end(side);
    this.#retired.add(side);
    this.#to[side].length = 0;
  }

  cut(): void {
    this.#isCut = true;
    for (const side of SIDES) this.#to[side].length = 0;
  }

  /** Nobody has cut it or given it up. */
  get isUp(): boolean {
    return !this.#isCut && this.#left.size === 0;
  }

  /** A side that reads could be told now that the link has died. */
  isLostTo(side: Side): boolean {
    return this.#isCut || this.#left.has(other(side));
  }

  /** Nobody is there any more for what this side writes. */
  refuses(side: Side): boolean {
    return this.isLostTo(side) || this.#retired.has(other(side));
  }

  /** Everything about it, as data. */
  get key(): unknown {
    const sets = [this.#ended, this.#left, this.#retired].map((sides) => [...sides].sort().join(""));
    return [this.#isCut, sets.join(), this.#to.a.map(shown).join(), this.#to.b.map(shown).join()];
  }
}

function shown(parcel: Parcel): string {
  if (parcel.kind === "hello") return `hello ${parcel.lastReceived}`;
  if (parcel.kind !== "frame") return parcel.kind;
  const { seq, ack, item } = parcel.frame;
  return `${seq} ${ack} ${item.bytes[item.start]}`;
}
