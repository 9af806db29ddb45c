import { MAX_DEPTH } from "../limits.ts";
import {
  type EnumNode,
  type Field,
  isNullable,
  nodeOf,
  type Schema,
  type SchemaNode,
  type Variant,
} from "../schema.ts";
import { MostBytes } from "./most-bytes.ts";
import { keyText, Program } from "./program.ts";

/** Most bytes that are asked for at a time; what may take more asks for itself. */
const MOST_ROOM_BYTES = 1024;
/** About so much is asked for at a time for items of few bytes. */
const ITEMS_ROOM_BYTES = 2048;
/** Enums up to this size are told apart by comparing names. */
const MOST_CASES = 12;
/** Up to this many UTF-16 units a loop over a text beats a call into the platform. */
const SHORT_TEXT = 32;
/** Stands where the buffer may have been exchanged; becomes the line that floats need there. */
const MOVED = "/*moved*/";

const BAIL = "throw BAIL;";

/** Variables of every function: w writer, b its bytes, o the offset, d the view for floats. */
const ENTER = `let b=w.bytes,o=w.offset;${MOVED}`;
const AGAIN = `o=w.offset;b=w.bytes;${MOVED}`;

/**
 * The text of a function that encodes values of one schema and gives up (throws `BAIL`, or what
 * a writer throws) at the first that does not fit, leaving it to closures to say why.
 *
 * @param closure gives the name of the function that encodes a rare part
 */
export class EncoderText {
  readonly program: Program;
  readonly #closureOf: (part: Schema) => unknown;
  readonly #most: MostBytes;
  #lines: string[] = [];
  /** What is written now is an integer among its like. */
  #areMany = false;
  /** The text refers to byte arrays, which the writer may keep apart. */
  gathers = false;

  constructor(root: Schema, closureOf: (part: Schema) => unknown) {
    this.program = new Program(root);
    this.#most = new MostBytes(this.program);
    this.#closureOf = closureOf;
    this.program.call(root);
  }

  /** All functions; the first is the root's. */
  text(): string {
    const texts: string[] = [];
    for (const [name, part] of this.program.functions()) {
      this.#lines = [];
      this.#value(part, "x", false);
      const body = `${ENTER}${this.#lines.join("\n")}\nw.offset=o;`;
      texts.push(`function ${name}(w,x){${withView(body)}}`);
    }
    return texts.join("\n");
  }

  #add(line: string): void {
    this.#lines.push(line);
  }

  #room(bytes: number | string): void {
    this.#add(`if(o+${bytes}>b.length){b=room(w,o,${bytes});${MOVED}}`);
  }

  /** @param hasRoom the most that the part may take is there */
  #part(part: Schema, x: string, hasRoom: boolean): void {
    if (this.program.isInline(part)) return this.#value(part, x, hasRoom);
    const target = part.kind === "lazy" ? nodeOf(part) : part;
    this.#add(`w.offset=o;${this.program.call(target as Schema)}(w,${x});${AGAIN}`);
  }

  #value(part: Schema, x: string, hasRoom: boolean): void {
    const isLevel = this.program.isLevel(part);
    if (isLevel) this.#add(`if(++w.depth>${MAX_DEPTH})${BAIL}`);
    this.#node(part as SchemaNode, x, hasRoom);
    if (isLevel) this.#add("w.depth--;");
  }

  #node(node: SchemaNode, x: string, hasRoom: boolean): void {
    const most = this.#most.of(node as Schema);
    // A type of few bytes asks for them once, and its parts find them there.
    if (!hasRoom && most > 0 && most <= MOST_ROOM_BYTES) {
      this.#room(most);
      return this.#node(node, x, true);
    }
    switch (node.kind) {
      case "bool":
        return this.#add(`if(${x}===true)b[o++]=1;else if(${x}===false)b[o++]=0;else ${BAIL}`);
      case "u8":
        return this.#add(`if((${x}&255)!==${x})${BAIL}b[o++]=${x};`);
      case "i8":
        return this.#add(`if((${x}<<24>>24)!==${x})${BAIL}b[o++]=${x};`);
      case "u16":
        return this.#varint(`(${x}&65535)`, x, x);
      case "u32":
        return this.#varint(`(${x}>>>0)`, x, x);
      case "i16":
        return this.#varint(`(${x}<<16>>16)`, x, `(${x}<<1^${x}>>31)>>>0`);
      case "i32":
        return this.#varint(`(${x}|0)`, x, `(${x}<<1^${x}>>31)>>>0`);
      case "f32":
        return this.#add(
          `if(typeof ${x}!=="number")${BAIL}if(${x}!==${x})nan32(b,o,${x});else d.setFloat32(o,${x},true);o+=4;`,
        );
      case "f64":
        return this.#add(`if(typeof ${x}!=="number")${BAIL}d.setFloat64(o,${x},true);o+=8;`);
      case "string":
        return this.#string(x);
      case "unit":
        return this.#add(`if(${x}!==undefined&&${x}!==null)${BAIL}`);
      case "u64":
      case "usize":
        return this.#add(`o=${node.isNumber ? "u53" : "u64"}(b,o,${x});`);
      case "i64":
      case "isize":
        return this.#add(`o=${node.isNumber ? "i53" : "i64"}(b,o,${x});`);
      case "list":
        return this.#list(node.item, x);
      case "slice":
        if (nodeOf(node.item).kind === "u8") return this.#closure(node, x);
        return this.#list(node.item, x);
      case "set":
        return this.#set(node.item, x);
      case "map":
        return this.#map(node.key, node.value, x);
      case "array":
        this.#add(`if(!Array.isArray(${x})||${x}.length!==${node.length})${BAIL}`);
        return this.#items(node.item, x, `${node.length}`, hasRoom);
      case "tuple":
        return this.#tuple(node.items, x, hasRoom);
      case "struct":
        this.#add(`if(typeof ${x}!=="object"||${x}===null)${BAIL}`);
        return this.#fields(node.fields, x, hasRoom);
      case "option":
        return this.#option(node.item, x, hasRoom);
      case "newtype":
        return this.#part(node.inner, x, hasRoom);
      case "enum":
        return this.#enum(node, x, hasRoom);
      case "result":
        return this.#result(node.ok, node.err, x, hasRoom);
      default:
        return this.#closure(node, x);
    }
  }

  // Short ASCII in line: two calls for each text would cost as much as its characters.
  #string(x: string): void {
    const n = this.program.variable();
    this.#add(`if(typeof ${x}!=="string")${BAIL}const ${n}=${x}.length;`);
    this.#room(`${n}*3+5`);
    const c = this.program.variable();
    const all = this.program.variable();
    this.#add(`if(${n}<=${SHORT_TEXT}){let ${all}=0;`);
    this.#add(`for(let i=0;i<${n};i++){const ${c}=${x}.charCodeAt(i);${all}|=${c};b[o+1+i]=${c}}`);
    this.#add(`if(${all}<128){b[o]=${n};o+=${n}+1}else o=text(b,o,${x})}else o=text(b,o,${x});`);
  }

  /** @param whole x as an integer of the type, for comparing; `bits` x as it is written */
  #varint(whole: string, x: string, bits: string): void {
    this.#add(`if(${whole}!==${x})${BAIL}`);
    this.#put(bits);
  }

  /** A u32 as a varint. Where many follow one another, no call and no loop stands between them. */
  #put(bits: string): void {
    const z = this.program.variable();
    const rest = this.#areMany ? longVarint(z) : `o=writeVarint(b,o,${z});`;
    this.#add(`const ${z}=${bits};if(${z}<128)b[o++]=${z};else ${rest}`);
  }

  #closure(node: SchemaNode, x: string): void {
    if (node.kind === "bytes" || node.kind === "trailing" || node.kind === "slice") this.gathers = true;
    const encode = this.program.constant(this.#closureOf(node as Schema));
    this.#add(`w.offset=o;${encode}(w,${x});${AGAIN}`);
  }

  #list(item: Schema, x: string): void {
    this.#add(`if(!Array.isArray(${x}))${BAIL}`);
    this.#room(5);
    const n = this.program.variable();
    this.#add(`const ${n}=${x}.length;`);
    this.#put(n);
    this.#items(item, x, n, false);
  }

  #items(item: Schema, x: string, count: string, hasRoom: boolean): void {
    const i = this.program.variable();
    const v = this.program.variable();
    const most = this.#most.of(item);
    const isBounded = !hasRoom && most > 0 && most <= MOST_ROOM_BYTES;
    let until = count;
    this.#add(`let ${i}=0;`);
    if (isBounded) {
      // Room is asked for once for so many items.
      until = this.program.variable();
      const atOnce = Math.ceil(ITEMS_ROOM_BYTES / most);
      this.#add(`while(${i}<${count}){const ${until}=${count}-${i}>${atOnce}?${i}+${atOnce}:${count};`);
      this.#room(`(${until}-${i})*${most}`);
    }
    this.#add(`for(;${i}<${until};${i}++){const ${v}=${x}[${i}];`);
    if (/^[ui](16|32)$/.test(item.kind)) this.#areMany = true;
    this.#part(item, v, hasRoom || isBounded);
    this.#areMany = false;
    this.#add(isBounded ? "}}" : "}");
  }

  #set(item: Schema, x: string): void {
    this.#add(`if(!(${x} instanceof Set))${BAIL}`);
    this.#room(5);
    this.#put(`${x}.size`);
    const v = this.program.variable();
    this.#add(`for(const ${v} of ${x}){`);
    this.#part(item, v, false);
    this.#add("}");
  }

  #map(key: Schema, value: Schema, x: string): void {
    this.#add(`if(!(${x} instanceof Map))${BAIL}`);
    this.#room(5);
    this.#put(`${x}.size`);
    const k = this.program.variable();
    const v = this.program.variable();
    this.#add(`for(const [${k},${v}] of ${x}){`);
    this.#part(key, k, false);
    this.#part(value, v, false);
    this.#add("}");
  }

  #tuple(items: readonly Schema[], x: string, hasRoom: boolean): void {
    this.#add(`if(!Array.isArray(${x})||${x}.length!==${items.length})${BAIL}`);
    const parts = items.map((schema, index) => ({ name: index, schema }));
    this.#fields(parts, x, hasRoom);
  }

  /** Parts one after another; those of few bytes ask for room together. */
  #fields(fields: readonly { name: string | number; schema: Schema }[], x: string, hasRoom: boolean): void {
    let roomyUntil = 0;
    for (const [index, { name, schema }] of fields.entries()) {
      if (!hasRoom && index >= roomyUntil) {
        let bytes = 0;
        for (roomyUntil = index; roomyUntil < fields.length; roomyUntil++) {
          const more = bytes + this.#most.of((fields[roomyUntil] as Field).schema);
          if (more > MOST_ROOM_BYTES) break;
          bytes = more;
        }
        if (bytes > 0) this.#room(bytes);
      }
      const v = this.program.variable();
      this.#add(`const ${v}=${x}${typeof name === "number" ? `[${name}]` : keyText(name)};`);
      this.#part(schema, v, hasRoom || index < roomyUntil);
    }
  }

  #option(item: Schema, x: string, hasRoom: boolean): void {
    if (!hasRoom) this.#room(1);
    this.#add(`if(${x}===null)b[o++]=0;else{b[o++]=1;`);
    if (isNullable(item)) {
      const v = this.program.variable();
      this.#add(`if(typeof ${x}!=="object"||!("some" in ${x}))${BAIL}const ${v}=${x}.some;`);
      this.#part(item, v, hasRoom);
    } else this.#part(item, x, hasRoom);
    this.#add("}");
  }

  #result(ok: Schema, err: Schema, x: string, hasRoom: boolean): void {
    if (!hasRoom) this.#room(1);
    this.#add(`if(typeof ${x}!=="object"||${x}===null)${BAIL}`);
    for (const [index, name, schema] of [
      [0, "ok", ok],
      [1, "err", err],
    ] as const) {
      const v = this.program.variable();
      this.#add(
        `${index === 0 ? "if" : "}else if"}("${name}" in ${x}){b[o++]=${index};const ${v}=${x}.${name};`,
      );
      this.#part(schema, v, hasRoom);
    }
    this.#add(`}else ${BAIL}`);
  }

  #enum({ variants, tagProperty }: EnumNode, x: string, hasRoom: boolean): void {
    const isPlain = variants.every(({ kind }) => kind === "unit");
    let tag = x;
    if (!isPlain) {
      this.#add(`if(typeof ${x}!=="object"||${x}===null)${BAIL}`);
      tag = this.program.variable();
      this.#add(`const ${tag}=${x}${keyText(tagProperty)};`);
    }
    if (!hasRoom) this.#room(5);
    if (variants.length > MOST_CASES) {
      const index = this.program.variable();
      const indexes = new Map(variants.map(({ name }, at) => [name, at]));
      this.#add(
        `const ${index}=${this.program.constant(indexes)}.get(${tag});if(${index}===undefined)${BAIL}`,
      );
      this.#put(index);
      if (isPlain) return;
      tag = index;
    }
    this.#add(`switch(${tag}){`);
    for (const [index, variant] of variants.entries()) {
      const isNamed = variants.length <= MOST_CASES;
      this.#add(isNamed ? `case ${JSON.stringify(variant.name)}:{b[o++]=${index};` : `case ${index}:{`);
      this.#variant(variant, x, hasRoom);
      this.#add("break}");
    }
    this.#add(`default:${BAIL}}`);
  }

  #variant(variant: Variant, x: string, hasRoom: boolean): void {
    if (variant.kind === "unit") return;
    if (variant.kind === "struct") return this.#fields(variant.fields, x, hasRoom);
    const v = this.program.variable();
    this.#add(`const ${v}=${x}.value;`);
    if (variant.kind === "tuple") this.#tuple(variant.items, v, hasRoom);
    else this.#part(variant.item, v, hasRoom);
  }
}

/** Writes a varint of two to five bytes. */
function longVarint(z: string): string {
  const step = (shift: number, rest: string) =>
    `b[o++]=${z}>>>${shift}|128;if(${z}<${2 ** (shift + 14)})b[o++]=${z}>>>${shift + 7};else{${rest}}`;
  return `{${step(0, step(7, step(14, `b[o++]=${z}>>>21|128;b[o++]=${z}>>>28;`)))}}`;
}

/** Fills in what floats need, if there are any. */
function withView(body: string): string {
  if (!body.includes("d.setFloat")) return body.replaceAll(MOVED, "");
  return `let d;${body.replaceAll(MOVED, "d=w.view();")}`;
}
