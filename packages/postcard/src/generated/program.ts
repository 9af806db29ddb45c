import { partsOf, type Schema, type SchemaNode } from "../schema.ts";
import { isLevel, isWeightless, minBytes, needsDepthCount } from "../shape.ts";

/** Parts of more nodes than this are functions of their own, so that text grows with the schema and not with its paths. */
const MOST_NODES = 48;

/**
 * What the texts of both directions share: which parts stand in line, which are functions, and
 * the values that the text refers to.
 */
export class Program {
  readonly isCounted: boolean;
  readonly constants: unknown[] = [];
  readonly #names = new Map<unknown, string>();
  readonly #functions = new Map<Schema, string>();
  readonly #todo: Schema[] = [];
  readonly #sizes = new Map<Schema, number>();
  #variables = 0;

  constructor(root: Schema) {
    this.isCounted = needsDepthCount(root);
  }

  /** A name for a value from outside. */
  constant(value: unknown): string {
    let name = this.#names.get(value);
    if (name === undefined) {
      name = `k${this.constants.push(value) - 1}`;
      this.#names.set(value, name);
    }
    return name;
  }

  variable(): string {
    return `v${this.#variables++}`;
  }

  /** The name of the function for a part, which `functions` will hand out. */
  call(part: Schema): string {
    let name = this.#functions.get(part);
    if (name === undefined) {
      name = `f${this.#functions.size}`;
      this.#functions.set(part, name);
      this.#todo.push(part);
    }
    return name;
  }

  /** The parts that are functions, more being added while their texts are written. */
  *functions(): Generator<readonly [name: string, part: Schema]> {
    for (let part = this.#todo.shift(); part !== undefined; part = this.#todo.shift()) {
      yield [this.#functions.get(part) as string, part];
    }
  }

  /** True if a part's text is to stand where the part is met. */
  isInline(part: Schema): boolean {
    return part.kind !== "lazy" && this.#size(part) <= MOST_NODES;
  }

  isLevel(part: Schema): boolean {
    return this.isCounted && isLevel(part);
  }

  /** Nodes that stand in line where a part does. */
  #size(part: Schema): number {
    let size = this.#sizes.get(part);
    if (size === undefined) {
      size = 1;
      if (part.kind !== "lazy") {
        for (const inner of partsOf(part)) size += this.isInline(inner) ? this.#size(inner) : 1;
      }
      this.#sizes.set(part, size);
    }
    return size;
  }
}

/**
 * False for schemas that are left to closures: those with custom parts, whose functions must not
 * be called twice for one value, and those that may hold any number of values in no bytes.
 */
export function canGenerate(root: Schema): boolean {
  const seen = new Set<Schema>();
  const todo = [root];
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (seen.has(part)) continue;
    seen.add(part);
    const node = part as SchemaNode;
    if (node.kind === "custom") return false;
    if (isWeightless(part) && partsOf(part).length > 1) return false;
    const items = node.kind === "map" ? [node.key] : "item" in node ? [node.item] : [];
    if (node.kind !== "option" && items.some((item) => isWeightless(item) || minBytes(item) === 0))
      return false;
    todo.push(...partsOf(part));
  }
  return true;
}

/** A property in an object literal or behind a dot's place. `__proto__: x` would set the prototype. */
export function keyText(name: string): string {
  return `[${JSON.stringify(name)}]`;
}

/** As `keyText`, and in a form that engines make a fixed layout of. */
export function literalKeyText(name: string): string {
  return name === "__proto__" ? keyText(name) : JSON.stringify(name);
}
