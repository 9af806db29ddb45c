import type { Field, Schema, SchemaNode, Variant } from "../schema.ts";
import type { Program } from "./program.ts";

/** Tells the most bytes that values take; Infinity where there is no such bound or a function asks for itself. */
export class MostBytes {
  readonly #program: Program;
  readonly #known = new Map<Schema, number>();

  constructor(program: Program) {
    this.#program = program;
  }

  of(part: Schema): number {
    let most = this.#known.get(part);
    if (most === undefined) {
      most = this.#program.isInline(part) ? this.#node(part as SchemaNode) : Number.POSITIVE_INFINITY;
      this.#known.set(part, most);
    }
    return most;
  }

  #node(node: SchemaNode): number {
    switch (node.kind) {
      case "unit":
        return 0;
      case "bool":
      case "u8":
      case "i8":
        return 1;
      case "u16":
      case "i16":
        return 3;
      case "f32":
        return 4;
      case "u32":
      case "i32":
        return 5;
      case "f64":
        return 8;
      case "u64":
      case "i64":
      case "usize":
      case "isize":
        return 10;
      case "option":
        return 1 + this.of(node.item);
      case "newtype":
        return this.of(node.inner);
      case "array":
        return node.length === 0 ? 0 : node.length * this.of(node.item);
      case "tuple":
        return this.#sum(node.items);
      case "struct":
        return this.#fields(node.fields);
      case "result":
        return 1 + Math.max(this.of(node.ok), this.of(node.err));
      case "enum":
        return 5 + Math.max(0, ...node.variants.map((variant) => this.#variant(variant)));
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  #variant(variant: Variant): number {
    switch (variant.kind) {
      case "unit":
        return 0;
      case "newtype":
        return this.of(variant.item);
      case "tuple":
        return this.#sum(variant.items);
      case "struct":
        return this.#fields(variant.fields);
    }
  }

  #fields(fields: readonly Field[]): number {
    return this.#sum(fields.map(({ schema }) => schema));
  }

  #sum(parts: readonly Schema[]): number {
    return parts.reduce((sum, part) => sum + this.of(part), 0);
  }
}
