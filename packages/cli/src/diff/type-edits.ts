import type { DescribedField, DescribedVariant, SchemaDocument, TypeRef } from "roam/schema";
import { typeText } from "../signature-text.ts";
import { isHashedAsUnit, type Shape, shapeOf } from "./shape.ts";

/** One difference between two versions of a type, where a method uses it. */
export interface Edit {
  /** Where: `args.id`, `returns`, `Invoice.lines`. */
  readonly place: string;
  /** What was done: `field added: paid (bool)`. */
  readonly what: string;
  /** The method's id follows it. */
  readonly changesId: boolean;
  /** The bytes of values differ, or mean something else. */
  readonly changesBytes: boolean;
}

interface Weight {
  readonly hashed: boolean;
  readonly sent: boolean;
}

const BOTH: Weight = { hashed: true, sent: true };
const NAME_ONLY: Weight = { hashed: true, sent: false };
const BYTES_ONLY: Weight = { hashed: false, sent: true };

/** Compares types of two documents part by part; a pair of types is compared once. */
export class TypeEdits {
  readonly #before: SchemaDocument;
  readonly #after: SchemaDocument;
  readonly #seen = new Set<string>();
  readonly edits: Edit[] = [];

  constructor(before: SchemaDocument, after: SchemaDocument) {
    this.#before = before;
    this.#after = after;
  }

  /**
   * @param isHashed false inside what ids do not look into: results and opaque types
   */
  compare(a: TypeRef, b: TypeRef, place: string, isHashed = true): void {
    const before = shapeOf(a, this.#before);
    const after = shapeOf(b, this.#after);
    if (before.key !== undefined && after.key !== undefined) {
      const pair = JSON.stringify([before.key, after.key, isHashed]);
      if (this.#seen.has(pair)) return;
      this.#seen.add(pair);
    }
    // Edits inside a named type are told by its name: they are the same wherever it is used.
    this.#shapes(before, after, after.key ?? place, place, isHashed);
  }

  #shapes(before: Shape, after: Shape, inside: string, place: string, isHashed: boolean): void {
    if (before.kind === "primitive" && after.kind === "primitive") {
      if (before.name !== after.name) {
        this.#changed(before, after, place, this.#weightOfChange(before, after), isHashed);
      }
      return;
    }
    if (before.kind === "struct" && after.kind === "struct") {
      return this.#fields(before.fields, after.fields, inside, isHashed);
    }
    if (before.kind === "enum" && after.kind === "enum") {
      return this.#variants(before.variants, after.variants, inside, isHashed);
    }
    if (before.kind === "tuple" && after.kind === "tuple") {
      if (before.items.length !== after.items.length) {
        return this.#changed(before, after, place, BOTH, isHashed);
      }
      return this.#each(before.items, after.items, inside, isHashed);
    }
    if (before.kind === "container" && after.kind === "container" && before.name === after.name) {
      return this.#containers(before, after, place, isHashed);
    }
    this.#changed(before, after, place, this.#weightOfChange(before, after), isHashed);
  }

  #containers(
    before: Shape & { readonly kind: "container" },
    after: Shape & { readonly kind: "container" },
    place: string,
    isHashed: boolean,
  ): void {
    if (before.length !== after.length) {
      this.#add(place, `length changed: ${before.length} to ${after.length}`, BOTH, isHashed);
    }
    if (before.credit !== after.credit) {
      // Ids leave the credit out, yet both sides count by it.
      this.#add(place, `credit changed: ${before.credit} to ${after.credit}`, BYTES_ONLY, isHashed);
    }
    const isInsideHashed = isHashed && before.name !== "result" && before.name !== "opaque";
    this.#each(
      before.items,
      after.items,
      place,
      isInsideHashed,
      before.name === "result" ? ["Ok", "Err"] : [],
    );
  }

  #each(
    before: readonly TypeRef[],
    after: readonly TypeRef[],
    place: string,
    isHashed: boolean,
    names: readonly string[] = [],
  ): void {
    for (const [index, item] of before.entries()) {
      const name = names[index] ?? (before.length > 1 ? String(index) : undefined);
      this.compare(item, after[index] as TypeRef, name === undefined ? place : `${place}.${name}`, isHashed);
    }
  }

  /** Where only a list became a slice, or a type got a name of its own, the bytes stay. */
  #weightOfChange(before: Shape, after: Shape): Weight {
    if (isHashedAsUnit(before) && isHashedAsUnit(after)) return BYTES_ONLY;
    const single = (shape: Shape, other: Shape) =>
      shape.kind === "tuple" &&
      shape.items.length === 1 &&
      this.#isSameText(shape.items[0] as TypeRef, other);
    if (single(before, after) || single(after, before)) return NAME_ONLY;
    const bytes = ["bytes", "byteSlice"];
    if (before.kind === "primitive" && after.kind === "primitive") {
      if (bytes.includes(before.name) && bytes.includes(after.name)) return NAME_ONLY;
    }
    return BOTH;
  }

  #isSameText(inner: TypeRef, other: Shape): boolean {
    return typeText(inner) === other.text;
  }

  #isSame(a: TypeRef, b: TypeRef): boolean {
    const probe = new TypeEdits(this.#before, this.#after);
    probe.compare(a, b, "");
    return probe.edits.length === 0;
  }

  #fields(
    before: readonly DescribedField[],
    after: readonly DescribedField[],
    place: string,
    isHashed: boolean,
  ): void {
    const renamed = renames(before, after, (a, b) => this.#isSame(a.type, b.type));
    for (const [from, to] of renamed) {
      this.#add(`${place}.${from.name}`, `field renamed: ${from.name} to ${to.name}`, NAME_ONLY, isHashed);
    }
    this.#members(before, after, { place, isHashed, renamed, what: "field" }, ({ type }) => typeText(type));
    for (const [from, to] of [...common(before, after), ...renamed]) {
      this.compare(from.type, to.type, `${place}.${to.name}`, isHashed);
    }
  }

  #variants(
    before: readonly DescribedVariant[],
    after: readonly DescribedVariant[],
    place: string,
    isHashed: boolean,
  ): void {
    const renamed = renames(before, after, (a, b) => this.#isSameVariant(a, b));
    for (const [from, to] of renamed) {
      this.#add(`${place}.${from.name}`, `variant renamed: ${from.name} to ${to.name}`, NAME_ONLY, isHashed);
    }
    this.#members(before, after, { place, isHashed, renamed, what: "variant" }, () => undefined);
    for (const [from, to] of [...common(before, after), ...renamed]) {
      this.#payload(from, to, `${place}.${to.name}`, isHashed);
    }
  }

  /** What was added, removed and moved among the members of a struct or an enum. */
  #members<M extends { readonly name: string }>(
    before: readonly M[],
    after: readonly M[],
    {
      place,
      isHashed,
      renamed,
      what,
    }: {
      readonly place: string;
      readonly isHashed: boolean;
      readonly renamed: readonly (readonly [M, M])[];
      readonly what: string;
    },
    typeOf: (member: M) => string | undefined,
  ): void {
    const told = (member: M) => {
      const type = typeOf(member);
      return type === undefined ? member.name : `${member.name} (${type})`;
    };
    for (const member of before) {
      if (named(after, member.name) !== undefined || renamed.some(([from]) => from === member)) continue;
      this.#add(`${place}.${member.name}`, `${what} removed: ${told(member)}`, BOTH, isHashed);
    }
    for (const member of after) {
      if (named(before, member.name) !== undefined || renamed.some(([, to]) => to === member)) continue;
      this.#add(`${place}.${member.name}`, `${what} added: ${told(member)}`, BOTH, isHashed);
    }
    const kept = common(before, after).map(([{ name }]) => name);
    const order = after.map(({ name }) => name).filter((name) => kept.includes(name));
    if (kept.some((name, index) => name !== order[index])) {
      this.#add(place, `${what}s reordered: ${kept.join(", ")} to ${order.join(", ")}`, BOTH, isHashed);
    }
  }

  #payload(before: DescribedVariant, after: DescribedVariant, place: string, isHashed: boolean): void {
    const [from, to] = [formOf(before), formOf(after)];
    if (from === to) {
      if (before.fields !== undefined)
        return this.#fields(before.fields, after.fields ?? [], place, isHashed);
      const [items, others] = [itemsOf(before), itemsOf(after)];
      if (items.length === others.length) return this.#each(items, others, place, isHashed);
    }
    this.#add(place, "the variant carries something else", BOTH, isHashed);
  }

  #isSameVariant(before: DescribedVariant, after: DescribedVariant): boolean {
    const probe = new TypeEdits(this.#before, this.#after);
    probe.#payload(before, after, "", true);
    return probe.edits.length === 0;
  }

  #changed(before: Shape, after: Shape, place: string, weight: Weight, isHashed: boolean): void {
    this.#add(place, `type changed: ${before.text} to ${after.text}`, weight, isHashed);
  }

  #add(place: string, what: string, { hashed, sent }: Weight, isHashed: boolean): void {
    const changesId = hashed && isHashed;
    // Names inside what is not hashed are nowhere to be seen.
    this.edits.push({ place, what, changesId, changesBytes: sent });
  }
}

function formOf({ item, items, fields }: DescribedVariant): string {
  if (item !== undefined) return "item";
  if (items !== undefined) return "items";
  return fields === undefined ? "unit" : "fields";
}

function itemsOf({ item, items = [] }: DescribedVariant): readonly TypeRef[] {
  return item === undefined ? items : [item];
}

function named<M extends { readonly name: string }>(members: readonly M[], name: string): M | undefined {
  return members.find((member) => member.name === name);
}

function common<M extends { readonly name: string }>(before: readonly M[], after: readonly M[]): [M, M][] {
  return before.flatMap((member): [M, M][] => {
    const same = named(after, member.name);
    return same === undefined ? [] : [[member, same]];
  });
}

/** Members that are gone and others that came at their very place with the same type. */
function renames<M extends { readonly name: string }>(
  before: readonly M[],
  after: readonly M[],
  isSame: (a: M, b: M) => boolean,
): [M, M][] {
  if (before.length !== after.length) return [];
  return before.flatMap((member, index): [M, M][] => {
    const other = after[index] as M;
    if (named(after, member.name) !== undefined || named(before, other.name) !== undefined) return [];
    return isSame(member, other) ? [[member, other]] : [];
  });
}
