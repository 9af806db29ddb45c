import { type DescribedType, type SchemaDocument, type TypeRef, tagOf } from "roam/schema";
import { docComment } from "./doc-comment.ts";
import { isIdentifier, type Names, propertyName } from "./names.ts";
import { typeGroups } from "./type-graph.ts";

/** Longest line that parts are put on together (UTF-16 units). */
const MOST_COLUMNS = 110;
const DEFAULT_CREDIT = 16;

type Enum = DescribedType & { readonly kind: "enum" };

/** Writes the schemas of a document's types, and which names the text needs. */
export class SchemaText {
  /** What was used of `roam`; a type is marked by the word before it. */
  readonly imports = new Set<string>();
  /** Keys of the types that were referred to. */
  readonly referred = new Set<string>();
  readonly #types: SchemaDocument["types"];
  readonly #names: Names;
  /** A recursive type to the place among its like; others come in an order without a circle. */
  readonly #placeInGroup = new Map<string, { readonly group: number; readonly place: number }>();
  #writing: string | undefined;

  constructor({ types }: SchemaDocument, names: Names) {
    this.#types = types;
    this.#names = names;
    for (const [group, { keys, isRecursive }] of typeGroups(types).entries()) {
      if (isRecursive)
        for (const [place, key] of keys.entries()) this.#placeInGroup.set(key, { group, place });
    }
  }

  /** The constant of a named type and the type of its values. */
  declaration(key: string): string {
    const name = this.#name(key);
    const type = this.#types[key] as DescribedType;
    this.imports.add("t");
    this.#writing = key;
    const isRecursive = this.#placeInGroup.has(key);
    const doc = docComment(type.doc);
    const start = `export const ${name}${isRecursive ? `: Schema<${name}>` : ""} = t.${type.kind}(`;
    const schema = this.#named(type, start + JSON.stringify(isIdentifier(key) ? key : name));
    this.#writing = undefined;
    if (!isRecursive) {
      this.imports.add("type Infer");
      return `${doc}${schema}export type ${name} = Infer<typeof ${name}>;\n`;
    }
    this.imports.add("type Schema");
    return `${doc}${schema}${this.#valueDeclaration(type, name)}`;
  }

  /** An expression for a type in use. */
  ref(ref: TypeRef): string {
    if (typeof ref !== "string" && "ref" in ref && !this.#isAhead(ref.ref)) return this.#name(ref.ref);
    this.imports.add("t");
    if (typeof ref === "string") return `t.${ref}`;
    if ("ref" in ref) return `t.lazy(() => ${this.#name(ref.ref)})`;
    if ("list" in ref) return ref.list === "u8" ? "t.bytes" : `t.list(${this.ref(ref.list)})`;
    if ("slice" in ref) return ref.slice === "u8" ? "t.byteSlice" : `t.slice(${this.ref(ref.slice)})`;
    if ("option" in ref) return `t.option(${this.ref(ref.option)})`;
    if ("set" in ref) return `t.set(${this.ref(ref.set)})`;
    if ("array" in ref) return `t.array(${this.ref(ref.array)}, ${ref.length})`;
    if ("map" in ref) return `t.map(${this.#refs(ref.map)})`;
    if ("tuple" in ref) return `t.tuple([${this.#refs(ref.tuple)}])`;
    if ("result" in ref) return `t.result(${this.#refs(ref.result)})`;
    const [word, item] = "tx" in ref ? ["tx", ref.tx] : ["rx", ref.rx];
    const credit = ref.credit === DEFAULT_CREDIT ? "" : `, ${ref.credit}`;
    return `t.${word}(${this.ref(item)}${credit})`;
  }

  /** Named parts as an object literal. */
  fields(fields: readonly Entry[], indent: string, before: number): string {
    return braces(
      fields.map(({ name, doc, type }) => ({ name, doc, text: this.ref(type) })),
      indent,
      before,
    );
  }

  #name(key: string): string {
    this.referred.add(key);
    return this.#names.types.get(key) as string;
  }

  #refs(refs: readonly TypeRef[]): string {
    return refs.map((ref) => this.ref(ref)).join(", ");
  }

  /** True if a type's constant has no value yet where the one being written needs it. */
  #isAhead(key: string): boolean {
    const own = this.#writing === undefined ? undefined : this.#placeInGroup.get(this.#writing);
    const other = this.#placeInGroup.get(key);
    return own !== undefined && own.group === other?.group && other.place >= own.place;
  }

  // The name given to the schema is as unique as the key: `documentOf` takes it for the key.
  #named(type: DescribedType, start: string): string {
    switch (type.kind) {
      case "struct":
        return `${start}, ${this.fields(type.fields, "", start.length + 4)});\n`;
      case "tupleStruct":
        return `${start}, [${this.#refs(type.items)}]);\n`;
      case "unitStruct":
        return `${start});\n`;
      case "newtype":
      case "transparent":
      case "opaque":
        return `${start}, ${this.ref(type.inner)});\n`;
      case "enum": {
        const tag = tagOf(type);
        const end = tag === "tag" ? "" : `, { tag: ${JSON.stringify(tag)} }`;
        return `${start}, ${this.#variants(type, start.length + end.length + 4)}${end});\n`;
      }
    }
  }

  #variants({ variants }: Enum, before: number): string {
    const entries = variants.map(({ name, doc, item, items, fields }) => {
      let text = "t.unit";
      // In brackets where it is a unit itself: a variant with a unit in it is another than one without.
      if (item !== undefined) text = this.#isUnit(item) ? `[${this.ref(item)}]` : this.ref(item);
      else if (items !== undefined) text = `[${this.#refs(items)}]`;
      else if (fields !== undefined) text = this.fields(fields, "  ", propertyName(name).length + 5);
      return { name, doc, text };
    });
    return braces(entries, "", before);
  }

  /** True if values of the type are `undefined`. */
  #isUnit(ref: TypeRef, hops = 0): boolean {
    if (typeof ref === "string") return ref === "unit";
    if (!("ref" in ref) || hops > 64) return false;
    const type = this.#types[ref.ref] as DescribedType;
    return type.kind === "unitStruct" || ("inner" in type && this.#isUnit(type.inner, hops + 1));
  }

  /** The type of a recursive type's values, which cannot be inferred. */
  #valueDeclaration(type: DescribedType, name: string): string {
    if (type.kind === "struct") {
      const fields = type.fields.map((field) => {
        const own = `  ${propertyName(field.name)}: ${this.#value(field.type)};\n`;
        return docComment(field.doc, "  ") + own;
      });
      return `export interface ${name} {\n${fields.join("")}}\n`;
    }
    if (type.kind === "enum") {
      const members = this.#members(type).map(({ doc, text }) => `${docComment(doc, "  ")}  | ${text}`);
      return `export type ${name} =\n${members.join("\n")};\n`;
    }
    const items = type.kind === "tupleStruct" ? type.items : [];
    const text = "inner" in type ? this.#value(type.inner) : `[${this.#values(items)}]`;
    return `export type ${name} = ${text};\n`;
  }

  #members(type: Enum): { doc: string | undefined; text: string }[] {
    const tag = propertyName(tagOf(type));
    return type.variants.map(({ name, doc, item, items, fields = [] }) => {
      const parts = [`${tag}: ${JSON.stringify(name)}`];
      const only = item ?? (items?.length === 1 ? items[0] : undefined);
      if (only !== undefined) parts.push(`value: ${this.#value(only)}`);
      else if (items !== undefined) parts.push(`value: [${this.#values(items)}]`);
      else parts.push(...fields.map((field) => `${propertyName(field.name)}: ${this.#value(field.type)}`));
      return { doc, text: `{ ${parts.join("; ")} }` };
    });
  }

  #values(refs: readonly TypeRef[]): string {
    return refs.map((ref) => this.#value(ref)).join(", ");
  }

  #value(ref: TypeRef): string {
    if (typeof ref === "string") return VALUES[ref] ?? "number";
    if ("ref" in ref) return this.#name(ref.ref);
    if ("list" in ref) return ref.list === "u8" ? "Uint8Array" : this.#array(ref.list);
    if ("slice" in ref) return ref.slice === "u8" ? "Uint8Array" : this.#array(ref.slice);
    if ("array" in ref) return this.#array(ref.array);
    if ("option" in ref) {
      const some = this.#value(ref.option);
      return `${this.#isNullable(ref.option) ? `{ some: ${some} }` : some} | null`;
    }
    if ("set" in ref) return `Set<${this.#value(ref.set)}>`;
    if ("map" in ref) return `Map<${this.#values(ref.map)}>`;
    if ("tuple" in ref) return `[${this.#values(ref.tuple)}]`;
    if ("result" in ref)
      return `{ ok: ${this.#value(ref.result[0])} } | { err: ${this.#value(ref.result[1])} }`;
    const [word, item] = "tx" in ref ? ["Tx", ref.tx] : ["Rx", ref.rx];
    this.imports.add(`type ${word}`);
    return `${word}<${this.#value(item)}>`;
  }

  #array(item: TypeRef): string {
    const text = this.#value(item);
    return text.includes("|") ? `(${text})[]` : `${text}[]`;
  }

  #isNullable(ref: TypeRef, hops = 0): boolean {
    if (typeof ref === "string" || hops > 64) return false;
    if ("option" in ref) return true;
    const type = "ref" in ref ? this.#types[ref.ref] : undefined;
    if (type?.kind !== "newtype" && type?.kind !== "transparent") return false;
    return this.#isNullable(type.inner, hops + 1);
  }
}

/** Those of primitives that are no number. */
const VALUES: Readonly<Record<string, string>> = {
  bool: "boolean",
  u64: "bigint",
  u128: "bigint",
  usize: "bigint",
  i64: "bigint",
  i128: "bigint",
  isize: "bigint",
  char: "string",
  string: "string",
  bytes: "Uint8Array",
  byteSlice: "Uint8Array",
  trailing: "Uint8Array",
  unit: "undefined",
};

interface Entry {
  readonly name: string;
  readonly doc?: string;
  readonly type: TypeRef;
}

/**
 * An object literal, on one line if there are no comments and it fits.
 *
 * @param before columns that the line has besides
 */
export function braces(
  entries: readonly { readonly name: string; readonly doc?: string | undefined; readonly text: string }[],
  indent: string,
  before: number,
): string {
  const lines = entries.map(({ name, text }) => `${propertyName(name)}: ${text}`);
  const short = lines.length === 0 ? "{}" : `{ ${lines.join(", ")} }`;
  const isPlain = entries.every(({ doc, text }) => doc === undefined && !text.includes("\n"));
  if (isPlain && indent.length + before + short.length <= MOST_COLUMNS) return short;
  const body = lines.map(
    (line, index) => `${docComment(entries[index]?.doc, `${indent}  `)}${indent}  ${line},\n`,
  );
  return `{\n${body.join("")}${indent}}`;
}
