import type { Node } from "../tree-sitter.ts";

/** Something in Rust sources that cannot be known, or makes no sense; shown as compilers do. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
}

/** A place in a source file. */
export interface Place {
  readonly file: string;
  readonly node: Node;
}

/** Why a type or method cannot be described, and where that is to be seen. */
export class Unknowable extends Error {
  override readonly name = "Unknowable";
  readonly place: Place;
  readonly hint: string | undefined;

  constructor(place: Place, message: string, hint?: string) {
    super(message);
    this.place = place;
    this.hint = hint;
  }
}

export function findingAt(
  { file, node }: Place,
  severity: Finding["severity"],
  message: string,
  hint?: string,
): Finding {
  const { row, column } = node.startPosition;
  const at = { file, line: row + 1, column: column + 1, severity, message };
  return hint === undefined ? at : { ...at, hint };
}
