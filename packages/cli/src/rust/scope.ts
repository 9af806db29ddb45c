import type { TypeRef } from "roam/schema";
import type { Item, Module } from "./modules.ts";

/** What generic parameters stand for where a type is written. */
export interface Scope {
  readonly module: Module;
  readonly file: string;
  readonly types: ReadonlyMap<string, TypeRef>;
  /** The same in full: see `exactType`. */
  readonly exact: ReadonlyMap<string, string>;
  readonly numbers: ReadonlyMap<string, number>;
  /** How many items are around; 0 in a signature itself. */
  readonly depth: number;
  /** Aliases that are being followed. */
  readonly aliases: ReadonlySet<Item>;
}
