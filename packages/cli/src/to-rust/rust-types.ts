import type { DescribedField, DescribedType, DescribedVariant, SchemaDocument, TypeRef } from "roam/schema";
import { partsOfRef, reachable, refsOf, refsOfMethod, typeGroups } from "../typescript/type-graph.ts";
import { hashedName, type TakenNames, typeName } from "./rust-names.ts";

export interface RefOptions {
  /** The named type that the text is part of; one inside itself is boxed. */
  readonly owner?: string;
  /** What is boxed already need not be. */
  readonly isOnHeap?: boolean;
  /** Writes channels in another way where it gives a text. */
  readonly channel?: (word: "Tx" | "Rx", item: string, credit: number) => string | undefined;
}

/** Told of what Rust cannot say. */
export type Report = (where: string, what: string) => void;

/** Of a channel in Rust, unless its type says otherwise. */
export const DEFAULT_CREDIT = 16;
/** Longest tuple that Rust's standard traits, and facet's, are there for. */
const MOST_ITEMS = 12;
/** Longest tuple that facet knows without a feature. */
const MOST_PLAIN_ITEMS = 4;

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: "String",
  bytes: "Vec<u8>",
  byteSlice: "Box<[u8]>",
  unit: "()",
};

/** Writes a document's types in Rust. */
export class RustTypes {
  /** What was used: `BTreeMap`, `Tx`, …. */
  readonly used = new Set<string>();
  /** A tuple is longer than facet knows without its feature for that. */
  needsLongTuples = false;
  readonly #types: SchemaDocument["types"];
  readonly #report: Report;
  readonly #names: ReadonlyMap<string, string>;
  readonly #groupOf = new Map<string, number>();
  readonly #withChannels: ReadonlySet<string>;
  readonly #inKeys: ReadonlySet<string>;

  constructor({ services, types }: SchemaDocument, taken: TakenNames, report: Report) {
    this.#types = types;
    this.#report = report;
    this.#names = new Map(Object.keys(types).map((key) => [key, taken.take(typeName(key))]));
    for (const [group, { keys, isRecursive }] of typeGroups(types).entries()) {
      if (isRecursive) for (const key of keys) this.#groupOf.set(key, group);
    }
    this.#withChannels = new Set(Object.keys(types).filter((key) => this.hasChannel({ ref: key })));
    const refs = [
      ...services.flatMap(({ methods }) => methods.flatMap(refsOfMethod)),
      ...Object.values(types).flatMap(refsOf),
    ];
    this.#inKeys = reachable(types, refs.flatMap(keysOf));
  }

  /** True if a type of the module has this name. */
  isName(name: string): boolean {
    return [...this.#names.values()].includes(name);
  }

  /** True if values of the type hold channels. */
  hasChannel(ref: TypeRef): boolean {
    if (isChannel(ref) || partsOfAll(ref).some(isChannel)) return true;
    for (const key of reachable(this.#types, [ref])) {
      if (refsOf(this.#types[key] as DescribedType).some((inner) => partsOfAll(inner).some(isChannel)))
        return true;
    }
    return false;
  }

  declaration(key: string): string {
    const type = this.#types[key] as DescribedType;
    const name = this.#names.get(key) as string;
    const isOwn = (ref: TypeRef, where = key) => this.ref(ref, where, { owner: key });
    const head = `${docLines(type.doc)}#[derive(${this.#derives(key)})]\n`;
    switch (type.kind) {
      case "struct":
        if (type.fields.length === 0) return `${head}pub struct ${name} {}\n`;
        return `${head}pub struct ${name} {\n${this.#fields(type.fields, key, key, "pub ")}}\n`;
      case "tupleStruct":
        return `${head}pub struct ${name}(${type.items.map((item, at) => `pub ${isOwn(item, `${key}.${at}`)}`).join(", ")});\n`;
      case "unitStruct":
        return `${head}pub struct ${name};\n`;
      case "newtype":
        return `${head}pub struct ${name}(pub ${isOwn(type.inner)});\n`;
      case "transparent":
        return `${head}#[facet(transparent)]\npub struct ${name}(pub ${isOwn(type.inner)});\n`;
      case "opaque":
        return this.#opaque(type, name, key);
      case "enum":
        return head + this.#enum(type.variants, name, key);
    }
  }

  ref(ref: TypeRef, where: string, options: RefOptions = {}): string {
    const part = (inner: TypeRef) => this.ref(inner, where, options);
    const onHeap = (inner: TypeRef) => this.ref(inner, where, { ...options, isOnHeap: true });
    if (typeof ref === "string") {
      if (ref === "trailing") this.#report(where, "bytes up to the end of a payload have no type in Rust");
      return PRIMITIVES[ref] ?? ref;
    }
    if ("ref" in ref) return this.#named(ref.ref, options);
    if ("list" in ref) return `Vec<${onHeap(ref.list)}>`;
    if ("slice" in ref) return `Box<[${onHeap(ref.slice)}]>`;
    if ("option" in ref) return `Option<${part(ref.option)}>`;
    if ("array" in ref) return `[${part(ref.array)}; ${ref.length}]`;
    if ("result" in ref) return `Result<${part(ref.result[0])}, ${part(ref.result[1])}>`;
    if ("set" in ref) {
      this.#checkKey(ref.set, where);
      return `${this.#use("BTreeSet")}<${onHeap(ref.set)}>`;
    }
    if ("map" in ref) {
      this.#checkKey(ref.map[0], where);
      return `${this.#use("BTreeMap")}<${onHeap(ref.map[0])}, ${onHeap(ref.map[1])}>`;
    }
    if ("tuple" in ref) return this.#tuple(ref.tuple.map(part), where);
    const [word, item] = "tx" in ref ? (["Tx", ref.tx] as const) : (["Rx", ref.rx] as const);
    const own = options.channel?.(word, onHeap(item), ref.credit);
    if (own !== undefined) return own;
    const credit = ref.credit === DEFAULT_CREDIT ? "" : `, ${ref.credit}`;
    return `${this.#use(word)}<${onHeap(item)}${credit}>`;
  }

  #use(name: string): string {
    this.used.add(name);
    return name;
  }

  #named(key: string, { owner, isOnHeap }: RefOptions): string {
    const name = this.#names.get(key) as string;
    const group = this.#groupOf.get(key);
    const isInside = owner !== undefined && group !== undefined && group === this.#groupOf.get(owner);
    return isInside && isOnHeap !== true ? `Box<${name}>` : name;
  }

  #tuple(items: readonly string[], where: string): string {
    if (items.length === 0) this.#report(where, "an empty tuple is () in Rust, which has another signature");
    this.checkLength(items.length, where);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }

  /** Of a tuple, or of the arguments of a method. */
  checkLength(items: number, where: string): void {
    if (items > MOST_ITEMS)
      this.#report(where, `${items} items are more than a tuple of Rust may have (${MOST_ITEMS})`);
    if (items > MOST_PLAIN_ITEMS) this.needsLongTuples = true;
  }

  #checkKey(key: TypeRef, where: string): void {
    const inside = [...reachable(this.#types, [key])].flatMap((one) =>
      refsOf(this.#types[one] as DescribedType),
    );
    if ([key, ...inside].flatMap(partsOfAll).some((part) => part === "f32" || part === "f64")) {
      this.#report(where, "floats have no order: they cannot be keys of a map or members of a set in Rust");
    }
  }

  #derives(key: string): string {
    this.used.add("Facet");
    if (this.#withChannels.has(key)) return "Facet";
    return this.#inKeys.has(key)
      ? "Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Facet"
      : "Clone, Debug, PartialEq, Facet";
  }

  #fields(fields: readonly DescribedField[], where: string, owner: string, before: string): string {
    const lines = fields.map(({ name, doc, type }) => {
      const at = `${where}.${name}`;
      const text = `${before}${this.#hashed(name, at)}: ${this.ref(type, at, { owner })},\n`;
      const indent = before === "" ? "        " : "    ";
      return `${docLines(doc, indent)}${indent}${text}`;
    });
    return lines.join("");
  }

  #enum(variants: readonly DescribedVariant[], name: string, key: string): string {
    if (variants.length === 0)
      this.#report(key, "an enum without variants cannot have values, nor a repr in Rust");
    const lines = variants.map((variant) => {
      const at = `${key}.${variant.name}`;
      const own = this.#hashed(variant.name, at);
      return `${docLines(variant.doc, "    ")}    ${own}${this.#payload(variant, at, key)},\n`;
    });
    const repr = variants.length > 256 ? "u16" : "u8";
    return `#[repr(${repr})]\npub enum ${name} {\n${lines.join("")}}\n`;
  }

  #payload({ item, items, fields }: DescribedVariant, where: string, owner: string): string {
    if (item !== undefined) return `(${this.ref(item, where, { owner })})`;
    if (items !== undefined) return `(${items.map((one) => this.ref(one, where, { owner })).join(", ")})`;
    if (fields === undefined) return "";
    return fields.length === 0 ? " {}" : ` {\n${this.#fields(fields, where, owner, "")}    }`;
  }

  #opaque(type: DescribedType & { readonly kind: "opaque" }, name: string, key: string): string {
    if (type.name === "Duration" && type.inner === "string") {
      return `${docLines(type.doc)}pub type ${name} = std::time::Duration;\n`;
    }
    if (this.#withChannels.has(key)) {
      this.#report(key, "an opaque type of Rust cannot hold channels");
      return "";
    }
    const inner = this.ref(type.inner, key, { owner: key });
    return `${docLines(type.doc)}#[derive(${this.#derives(key)})]
#[facet(opaque, proxy = ${inner})]
pub struct ${name}(pub ${inner});

impl From<${inner}> for ${name} {
    fn from(inner: ${inner}) -> Self {
        Self(inner)
    }
}

impl From<&${name}> for ${inner} {
    fn from(outer: &${name}) -> Self {
        outer.0.clone()
    }
}
`;
  }

  #hashed(name: string, where: string): string {
    const own = hashedName(name);
    if (own === undefined)
      this.#report(where, `${JSON.stringify(name)} is no name in Rust, and names count for the id`);
    return own ?? name;
  }
}

/** Comment lines, each indented and ended. */
export function docLines(doc: string | undefined, indent = "", mark = "///"): string {
  if (doc === undefined) return "";
  const lines = doc.split(/\r\n|\r|\n/);
  return lines.map((line) => `${`${indent}${mark} ${line}`.trimEnd()}\n`).join("");
}

/** A type and its parts, not looking into named ones. */
export function partsOfAll(ref: TypeRef): TypeRef[] {
  return [ref, ...partsOfRef(ref).flatMap(partsOfAll)];
}

export function isChannel(ref: TypeRef): boolean {
  return typeof ref !== "string" && ("tx" in ref || "rx" in ref);
}

/** Keys of maps and members of sets in a type. */
function keysOf(ref: TypeRef): TypeRef[] {
  return partsOfAll(ref).flatMap((part) => {
    if (typeof part === "string") return [];
    return "set" in part ? [part.set] : "map" in part ? [part.map[0]] : [];
  });
}
