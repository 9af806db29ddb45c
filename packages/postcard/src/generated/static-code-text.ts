import { nodeOf, partsOf, type Schema } from "../schema.ts";
import { type Code, decoderCode, encoderCode } from "./code.ts";
import { decodeHelp } from "./decode-help.ts";
import { encodeHelp } from "./encode-help.ts";
import { canGenerate } from "./program.ts";

/** Stands for the closure of a part while a text is made. */
class Closure {
  readonly part: Schema;
  constructor(part: Schema) {
    this.part = part;
  }
}

/**
 * The straight-line code of a schema as the text of a `StaticCode`, for a module to carry: a page
 * whose content security policy forbids code from strings has it all the same.
 *
 * @returns undefined for what is left to closures: types with a codec of their own, channels among them
 */
export function staticCodeText(schema: Schema): string | undefined {
  if (!canGenerate(schema)) return undefined;
  const closures = new Map<Schema, Closure>();
  const closureOf = (part: Schema) => {
    const known = closures.get(part) ?? new Closure(part);
    closures.set(part, known);
    return known;
  };
  const encoder = body(schema, encoderCode(schema, closureOf), Object.keys(encodeHelp));
  const decoder = body(schema, decoderCode(schema, closureOf), Object.keys(decodeHelp));
  return `{encoder(h,k,slow){${encoder}},\ndecoder(h,k,slow){${decoder}}}`;
}

function body(root: Schema, { constants, text }: Code, help: readonly string[]): string {
  const words = new Set(text.split(/[^\w$]+/));
  const used = help.filter((name) => words.has(name));
  const values = constants.map((value, index) => `const k${index}=${constantText(root, value)};`);
  return `${used.length === 0 ? "" : `const {${used}}=h;`}${values.join("")}${text}`;
}

function constantText(root: Schema, value: unknown): string {
  if (value instanceof Closure) return `k(${JSON.stringify(pathTo(root, value.part))})`;
  return value instanceof Map ? `new Map(${JSON.stringify([...value])})` : JSON.stringify(value);
}

/** Where a part is first met, as places among the parts of parts. */
function pathTo(root: Schema, wanted: Schema): readonly number[] {
  const seen = new Set<Schema>();
  const todo: { part: Schema; path: readonly number[] }[] = [{ part: root, path: [] }];
  for (const { part, path } of todo) {
    const node = nodeOf(part) as Schema;
    if (node === wanted) return path;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const [index, inner] of partsOf(node).entries()) todo.push({ part: inner, path: [...path, index] });
  }
  throw new TypeError("a part that is in no place of its schema");
}
