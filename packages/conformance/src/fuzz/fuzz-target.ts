/** Something that takes bytes from strangers. */
export interface FuzzTarget {
  /**
   * Takes an input, in every way that must come to the same.
   *
   * @throws anything at all for what must not be: refusals are caught inside
   */
  run(input: Uint8Array): void | Promise<void>;
  /** What a peer can make us do with the input, once: for time and memory. Refusals are caught inside. */
  measure(input: Uint8Array): void | Promise<void>;
  /** Good inputs to begin with, besides the committed corpus. */
  seeds(): readonly Uint8Array[];
  /** Longest input made (bytes). */
  readonly maxBytes: number;
  /** Inputs are texts: so are the corpus file and what is put into them. */
  readonly isText?: boolean;
  /** Pieces that are worth putting in. */
  readonly dictionary: readonly Uint8Array[];
  /**
   * Changes an input by what it means; undefined where it means nothing.
   *
   * @param integer a random integer, both bounds included
   */
  mutate?(
    input: Uint8Array,
    other: Uint8Array,
    integer: (min: number, max: number) => number,
  ): Uint8Array | undefined;
}

/** What must not be. */
export class Broken extends Error {
  override readonly name = "Broken";
}
