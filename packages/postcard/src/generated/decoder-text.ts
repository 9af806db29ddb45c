import { hasIdentity } from "../decoders.ts";
import { MAX_DEPTH, MAX_ELEMENTS } from "../limits.ts";
import {
  type EnumNode,
  type Field,
  isNullable,
  nodeOf,
  partsOf,
  type Schema,
  type SchemaNode,
  type Variant,
} from "../schema.ts";
import { minBytes } from "../shape.ts";
import { literalKeyText, Program } from "./program.ts";

const BAIL = "throw BAIL;";
const NEEDS_BYTE = `if(o>=e)${BAIL}`;

/**
 * The text of a function that decodes values of one schema and gives up (throws `BAIL`, or what
 * a reader throws) at the first byte that is not usual, leaving it to closures to take it or to
 * say why not.
 *
 * @param closure gives the name of the function that decodes a rare part
 */
export class DecoderText {
  readonly program: Program;
  readonly #root: Schema;
  readonly #closureOf: (part: Schema) => unknown;
  #lines: string[] = [];
  #loops = 0;
  /** What is read now is an integer among its like. */
  #areMany = false;
  /** The text refers to `r`, the reader. */
  #needsReader = false;

  constructor(root: Schema, closureOf: (part: Schema) => unknown) {
    this.program = new Program(root);
    this.#root = root;
    this.#closureOf = closureOf;
  }

  /** The functions of parts, and the statements that read the root into `result`. */
  text(): { functions: string; body: string; result: string; needsReader: boolean } {
    const result = this.#value(this.#root);
    const body = this.#take();
    const functions: string[] = [];
    for (const [name, part] of this.program.functions()) {
      const value = this.#value(part);
      functions.push(
        `function ${name}(r){const b=r.bytes,e=r.end;let o=r.offset,d;${this.#take()}r.offset=o;return ${value}}`,
      );
    }
    return { functions: functions.join("\n"), body, result, needsReader: this.#needsReader };
  }

  #take(): string {
    const body = this.#lines.join("\n");
    this.#lines = [];
    this.#loops = 0;
    return body;
  }

  #add(line: string): void {
    this.#lines.push(line);
  }

  /** Declares a variable. @returns its name */
  #let(value: string, word: "let" | "const" = "const"): string {
    const name = this.program.variable();
    this.#add(`${word} ${name}=${value};`);
    return name;
  }

  /** @returns an expression without effects: the value */
  #part(part: Schema): string {
    if (this.program.isInline(part)) return this.#value(part);
    const target = part.kind === "lazy" ? nodeOf(part) : part;
    return this.#byReader(`${this.program.call(target as Schema)}(r)`);
  }

  #byReader(call: string): string {
    this.#needsReader = true;
    this.#add("r.offset=o;");
    const value = this.#let(call);
    this.#add("o=r.offset;");
    return value;
  }

  #value(part: Schema): string {
    if (!this.program.isLevel(part)) return this.#node(part as SchemaNode);
    this.#needsReader = true;
    this.#add(`if(++r.depth>${MAX_DEPTH})${BAIL}`);
    const value = this.#node(part as SchemaNode);
    this.#add("r.depth--;");
    return value;
  }

  #node(node: SchemaNode): string {
    switch (node.kind) {
      case "bool":
        this.#add(NEEDS_BYTE);
        return `${this.#below(2)}===1`;
      case "u8":
        this.#add(NEEDS_BYTE);
        return this.#let("b[o++]");
      case "i8":
        this.#add(NEEDS_BYTE);
        return this.#let("b[o++]<<24>>24");
      case "u16":
        return this.#varint("u16");
      case "u32":
        return this.#let(`${this.#bits()}>>>0`);
      case "i16":
        return this.#let(unzigzag(this.#varint("u16")));
      case "i32":
        return this.#let(unzigzag(this.#bits()));
      case "f64":
        return this.#float();
      case "string":
        return this.#string();
      case "bytes": {
        const length = this.#length();
        return this.#let(`r.lend===undefined?b.subarray(o,o+=${length}):r.lend(o,o+=${length})`);
      }
      case "unit":
        return "undefined";
      case "u64":
      case "i64":
      case "usize":
      case "isize":
        if (node.isNumber) return this.#wideNumber(node);
        return this.#byReader(node.kind.startsWith("u") ? "r.u64()" : "r.i64()");
      case "list":
        return this.#list(node.item);
      case "slice":
        return nodeOf(node.item).kind === "u8" ? this.#closure(node) : this.#list(node.item);
      case "set":
        return hasIdentity(node.item) ? this.#set(node.item) : this.#closure(node);
      case "map":
        return hasIdentity(node.key) ? this.#map(node.key, node.value) : this.#closure(node);
      case "array": {
        const values = this.#let(`new Array(r.places(${node.length}))`);
        this.#items(node.item, values, `${node.length}`);
        return values;
      }
      case "tuple":
        return this.#tuple(node.items);
      case "struct":
        return this.#let(`{${this.#fields(node.fields)}}`);
      case "option":
        return this.#option(node.item);
      case "newtype":
        return this.#part(node.inner);
      case "enum":
        return this.#enum(node);
      case "result":
        return this.#result(node.ok, node.err);
      default:
        return this.#closure(node);
    }
  }

  #closure(node: SchemaNode): string {
    return this.#byReader(`${this.program.constant(this.#closureOf(node as Schema))}(r)`);
  }

  #wideNumber(node: SchemaNode): string {
    this.#add(NEEDS_BYTE);
    const value = this.#let("b[o]", "let");
    this.#add(
      `if(${value}<128){o++;${node.kind.startsWith("u") ? "" : `${value}=${unzigzag(value)};`}}else{`,
    );
    this.#add(`${value}=${this.#closure(node)};}`);
    return value;
  }

  /** One byte below `limit`, at most 128; a check that there is one has gone before. */
  #below(limit: number): string {
    const byte = this.#let("b[o++]");
    this.#add(`if(${byte}>=${limit})${BAIL}`);
    return byte;
  }

  #varint(kind: "u16" | "u32"): string {
    this.#add(NEEDS_BYTE);
    const value = this.#let("b[o++]", "let");
    this.#add(`if(${value}>127){${value}=${kind}(b,o,e,${value});o=place.at}`);
    return value;
  }

  /** The bits of a u32. Where many follow one another, no call and no loop stands between them. */
  #bits(): string {
    if (!this.#areMany) return this.#varint("u32");
    this.#add(NEEDS_BYTE);
    const value = this.#let("b[o++]", "let");
    const far = `${value}=u32(b,o,e,${value});o=place.at`;
    const next = (shift: number, rest: string) => `c=b[o++];${value}|=(c&127)<<${shift};if(c>127){${rest}}`;
    const last = `c=b[o++];if(c>15)${BAIL}${value}|=c<<28;`;
    this.#add(
      `if(${value}>127){if(e-o<4){${far}}else{let c;${value}&=127;${next(7, next(14, next(21, last)))}}}`,
    );
    return value;
  }

  #length(): string {
    const length = this.#varint("u32");
    this.#add(`if(${length}>e-o)${BAIL}`);
    return length;
  }

  #string(): string {
    const length = this.#length();
    const text = this.#let(`text(b,o,${length})`);
    this.#add(`o+=${length};`);
    return text;
  }

  // A view costs as much as some twenty floats put together by hand.
  #float(): string {
    this.#add(`if(e-o<8)${BAIL}`);
    const value = this.#let(this.#loops > 0 ? "d.getFloat64(o,true)" : "f64(b,o)");
    this.#add("o+=8;");
    return value;
  }

  /** The count of a list's items, of `least` bytes each. */
  #count(least: number): string {
    const count = this.#varint("u32");
    const bytes = least === 1 ? count : `${count}*${least}`;
    this.#add(`if(${count}>${MAX_ELEMENTS}||${bytes}>e-o)${BAIL}`);
    return count;
  }

  #list(item: Schema): string {
    const count = this.#count(minBytes(item));
    if (item.kind === "string") {
      const values = this.#let(`texts(b,o,e,${count})`);
      this.#add("o=place.at;");
      return values;
    }
    const values = this.#let(`new Array(r.places(${count}))`);
    this.#items(item, values, count);
    return values;
  }

  #items(item: Schema, values: string, count: string): void {
    const i = this.#loop(count, item);
    this.#areMany = item.kind === "u32" || item.kind === "i32";
    const value = this.#part(item);
    this.#areMany = false;
    this.#add(`${values}[${i}]=${value};`);
    this.#endLoop();
  }

  #loop(count: string, ...parts: readonly Schema[]): string {
    if (this.#loops++ === 0 && parts.some((part) => this.#hasFloats(part))) this.#add("d??=viewOf(b);");
    const i = this.program.variable();
    this.#add(`for(let ${i}=0;${i}<${count};${i}++){`);
    return i;
  }

  #endLoop(): void {
    this.#loops--;
    this.#add("}");
  }

  #hasFloats(part: Schema): boolean {
    return (
      part.kind === "f64" || (this.program.isInline(part) && partsOf(part).some((p) => this.#hasFloats(p)))
    );
  }

  #set(item: Schema): string {
    const values = this.#let("new Set()");
    this.#loop(this.#count(minBytes(item)), item);
    this.#add(`${values}.add(${this.#part(item)});`);
    this.#endLoop();
    return values;
  }

  #map(key: Schema, value: Schema): string {
    const values = this.#let("new Map()");
    this.#loop(this.#count(minBytes(key) + minBytes(value)), key, value);
    const k = this.#part(key);
    this.#add(`${values}.set(${k},${this.#part(value)});`);
    this.#endLoop();
    return values;
  }

  #tuple(items: readonly Schema[]): string {
    return this.#let(`[${items.map((item) => this.#part(item)).join()}]`);
  }

  #fields(fields: readonly Field[]): string {
    return fields.map(({ name, schema }) => `${literalKeyText(name)}:${this.#part(schema)}`).join();
  }

  #option(item: Schema): string {
    this.#add(NEEDS_BYTE);
    const tag = this.#below(2);
    const value = this.#let("null", "let");
    this.#add(`if(${tag}===1){`);
    const some = this.#part(item);
    this.#add(`${value}=${isNullable(item) ? `{some:${some}}` : some};}`);
    return value;
  }

  #result(ok: Schema, err: Schema): string {
    this.#add(NEEDS_BYTE);
    const tag = this.#below(2);
    const value = this.#let("undefined", "let");
    this.#add(`if(${tag}===0){`);
    this.#add(`${value}={ok:${this.#part(ok)}};}else{`);
    this.#add(`${value}={err:${this.#part(err)}};}`);
    return value;
  }

  #enum({ variants, tagProperty }: EnumNode): string {
    const index = this.#varint("u32");
    if (variants.every(({ kind }) => kind === "unit")) {
      this.#add(`if(${index}>=${variants.length})${BAIL}`);
      return this.#let(`${this.program.constant(variants.map(({ name }) => name))}[${index}]`);
    }
    const value = this.#let("undefined", "let");
    this.#add(`switch(${index}){`);
    for (const [at, variant] of variants.entries()) {
      this.#add(`case ${at}:{`);
      const tag = `${literalKeyText(tagProperty)}:${JSON.stringify(variant.name)}`;
      const rest = this.#variant(variant);
      this.#add(`${value}={${rest === "" ? tag : `${tag},${rest}`}};break}`);
    }
    this.#add(`default:${BAIL}}`);
    return value;
  }

  #variant(variant: Variant): string {
    switch (variant.kind) {
      case "unit":
        return "";
      case "newtype":
        return `value:${this.#part(variant.item)}`;
      case "tuple":
        return `value:${this.#tuple(variant.items)}`;
      case "struct":
        return this.#fields(variant.fields);
    }
  }
}

function unzigzag(bits: string): string {
  return `${bits}>>>1^-(${bits}&1)`;
}
