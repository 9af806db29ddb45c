import type { DescribedField, DescribedType, SchemaDocument, TypeRef } from "roam/schema";
import { Difference, show, type Tally } from "../vectors/tally.ts";
import { sameWords } from "./words.ts";

/** Compares the types of two documents, whatever their keys are: names, parts, comments. */
export class TypeComparison {
  readonly #ours: SchemaDocument["types"];
  readonly #theirs: SchemaDocument["types"];
  readonly #tally: Tally;
  /** Pairs of keys that were compared. */
  readonly #seen = new Set<string>();
  /** Theirs to ours: one type is not to become two, nor two one. */
  readonly #twins = new Map<string, string>();

  constructor(ours: SchemaDocument["types"], theirs: SchemaDocument["types"], tally: Tally) {
    this.#ours = ours;
    this.#theirs = theirs;
    this.#tally = tally;
  }

  get compared(): number {
    return this.#seen.size;
  }

  /**
   * Compares two types in use and, once, the named types inside them.
   *
   * @throws Difference for what differs in the use itself
   */
  refs(where: string, ours: TypeRef, theirs: TypeRef): void {
    if (typeof ours === "string" || typeof theirs === "string") {
      if (ours !== theirs) throw new Difference(`${where}: expected ${show(theirs)}, got ${show(ours)}`);
      return;
    }
    if ("ref" in ours && "ref" in theirs) return this.#named(ours.ref, theirs.ref);
    const parts = Object.entries(theirs) as [string, unknown][];
    for (const [word, part] of parts) {
      const own = (ours as unknown as Readonly<Record<string, unknown>>)[word];
      if (Array.isArray(part) && Array.isArray(own) && part.length === own.length) {
        for (const [index, item] of part.entries())
          this.refs(`${where}.${index}`, own[index] as TypeRef, item as TypeRef);
      } else if (typeof part === "number") {
        if (own !== part) throw new Difference(`${where}: expected ${word} ${part}, got ${show(own)}`);
      } else if (own === undefined || Array.isArray(part)) {
        throw new Difference(`${where}: expected ${show(theirs)}, got ${show(ours)}`);
      } else this.refs(where, own as TypeRef, part as TypeRef);
    }
  }

  #named(ours: string, theirs: string): void {
    if (this.#seen.has(`${ours} ${theirs}`)) return;
    this.#seen.add(`${ours} ${theirs}`);
    const known = this.#twins.get(theirs);
    this.#twins.set(theirs, ours);
    this.#tally.run(`type ${ours}`, () => {
      if (known !== undefined) throw new Difference(`the crate's ${theirs} is ${known} elsewhere`);
      this.#types(ours, this.#ours[ours] as DescribedType, this.#theirs[theirs] as DescribedType);
    });
  }

  #types(where: string, ours: DescribedType, theirs: DescribedType): void {
    same(where, "name", ours.name, theirs.name);
    same(where, "kind", ours.kind, theirs.kind);
    sameWords(where, ours.doc, theirs.doc);
    if (ours.kind === "struct" && theirs.kind === "struct") this.#fields(where, ours.fields, theirs.fields);
    if (ours.kind === "tupleStruct" && theirs.kind === "tupleStruct") {
      this.refs(where, { tuple: ours.items }, { tuple: theirs.items });
    }
    if ("inner" in ours && "inner" in theirs) this.refs(where, ours.inner, theirs.inner);
    if (ours.kind !== "enum" || theirs.kind !== "enum") return;
    const names = (type: typeof ours) => type.variants.map(({ name }) => name);
    same(where, "variants", names(ours), names(theirs));
    for (const [index, variant] of theirs.variants.entries()) {
      const own = ours.variants[index] as typeof variant;
      const place = `${where}.${variant.name}`;
      sameWords(place, own.doc, variant.doc);
      const refs = ({ item, items }: typeof variant) => items ?? (item === undefined ? [] : [item]);
      same(place, "named fields", own.fields !== undefined, variant.fields !== undefined);
      same(place, "one field", own.item !== undefined, variant.item !== undefined);
      same(place, "fields", refs(own).length, refs(variant).length);
      this.refs(place, { tuple: refs(own) }, { tuple: refs(variant) });
      this.#fields(place, own.fields ?? [], variant.fields ?? []);
    }
  }

  #fields(where: string, ours: readonly DescribedField[], theirs: readonly DescribedField[]): void {
    const names = (fields: readonly DescribedField[]) => fields.map(({ name }) => name);
    same(where, "fields", names(ours), names(theirs));
    for (const [index, { name, doc, type }] of theirs.entries()) {
      const own = ours[index] as DescribedField;
      sameWords(`${where}.${name}`, own.doc, doc);
      this.refs(`${where}.${name}`, own.type, type);
    }
  }
}

function same(where: string, what: string, ours: unknown, theirs: unknown): void {
  const [own, crate] = [show(ours), show(theirs)];
  if (own !== crate) throw new Difference(`${where}: expected ${what} ${crate}, got ${own}`);
}
