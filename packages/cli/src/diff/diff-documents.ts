import {
  type DescribedMethod,
  type DescribedService,
  kebabCase,
  type SchemaDocument,
  type TypeRef,
} from "roam/schema";
import { methodText } from "../signature-text.ts";
import { type Edit, TypeEdits } from "./type-edits.ts";

export interface MethodDiff {
  /** By the names of the later document, where it is in that. */
  readonly service: string;
  readonly method: string;
  readonly change: "same" | "changed" | "renamed" | "added" | "removed";
  readonly idBefore?: string;
  readonly idAfter?: string;
  readonly before?: string;
  readonly after?: string;
  readonly breaks: boolean;
  readonly edits: readonly Edit[];
  /** What follows for whom, in sentences. */
  readonly consequences: readonly string[];
}

export interface DocumentDiff {
  readonly breaks: boolean;
  readonly methods: readonly MethodDiff[];
}

/** Two versions of services, method by method. */
export function diffDocuments(before: SchemaDocument, after: SchemaDocument): DocumentDiff {
  const methods = pairServices(before, after).flatMap(([a, b]) => diffService(a, b, before, after));
  return { breaks: methods.some((method) => method.breaks), methods };
}

type Pair<T> = readonly [before: T | undefined, after: T | undefined];

function pairServices(before: SchemaDocument, after: SchemaDocument): Pair<DescribedService>[] {
  return pairs(before.services, after.services, (a, b) => {
    const names = new Set(a.methods.map(({ name }) => kebabCase(name)));
    return b.methods.some(({ name }) => names.has(kebabCase(name)));
  });
}

/** By name as ids see it; what is left over on both sides pairs up where `isRenamed` says so. */
function pairs<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
  isRenamed: (a: T, b: T) => boolean,
): Pair<T>[] {
  const later = new Map(after.map((one) => [kebabCase(one.name), one]));
  const earlier = new Set(before.map(({ name }) => kebabCase(name)));
  const fresh = after.filter(({ name }) => !earlier.has(kebabCase(name)));
  const found: Pair<T>[] = [];
  for (const one of before) {
    let other = later.get(kebabCase(one.name));
    if (other === undefined) {
      const candidates = fresh.filter((candidate) => isRenamed(one, candidate));
      // Of several it could be any: then one is gone and the others are new.
      if (candidates.length === 1) {
        other = candidates[0] as T;
        fresh.splice(fresh.indexOf(other), 1);
      }
    }
    found.push([one, other]);
  }
  return [...found, ...fresh.map((one): Pair<T> => [undefined, one])];
}

function diffService(
  a: DescribedService | undefined,
  b: DescribedService | undefined,
  before: SchemaDocument,
  after: SchemaDocument,
): MethodDiff[] {
  const isServiceRenamed = a !== undefined && b !== undefined && kebabCase(a.name) !== kebabCase(b.name);
  const found = pairs(a?.methods ?? [], b?.methods ?? [], (one, other) =>
    methodEdits(one, other, before, after).every((edit) => !edit.changesBytes && !edit.changesId),
  );
  return found.map(([one, other]) => {
    if (one === undefined) return added(b?.name ?? "", other as DescribedMethod);
    if (other === undefined) return removed(a?.name ?? "", one);
    const edits = methodEdits(one, other, before, after);
    if (isServiceRenamed) edits.unshift(renamed("service", a.name, b.name));
    const isRenamed = kebabCase(one.name) !== kebabCase(other.name);
    if (isRenamed) edits.unshift(renamed("method", one.name, other.name));
    return compared(b?.name ?? "", one, other, edits, isRenamed || isServiceRenamed);
  });
}

function renamed(what: string, from: string, to: string): Edit {
  return { place: what, what: `${what} renamed: ${from} to ${to}`, changesId: true, changesBytes: false };
}

function added(service: string, method: DescribedMethod): MethodDiff {
  return {
    service,
    method: method.name,
    change: "added",
    idAfter: method.id,
    after: methodText(method),
    breaks: false,
    edits: [],
    consequences: ["callers of the new version get unknown-method from an old peer"],
  };
}

function removed(service: string, method: DescribedMethod): MethodDiff {
  return {
    service,
    method: method.name,
    change: "removed",
    idBefore: method.id,
    before: methodText(method),
    breaks: true,
    edits: [],
    consequences: ["callers of the old version get unknown-method from a new peer"],
  };
}

function compared(
  service: string,
  one: DescribedMethod,
  other: DescribedMethod,
  edits: readonly Edit[],
  isRenamed: boolean,
): MethodDiff {
  const hasNewId = one.id !== other.id;
  const misread = hasNewId ? [] : edits.filter((edit) => edit.changesBytes);
  const told = [...edits];
  if (hasNewId && !edits.some((edit) => edit.changesId)) {
    told.push({
      place: "signature",
      what: "the ids differ though no part does: which types are one and the same has changed, or an id is not computed",
      changesId: true,
      changesBytes: false,
    });
  }
  const isSame = !hasNewId && told.length === 0;
  return {
    service,
    method: other.name,
    change: isSame ? "same" : isRenamed ? "renamed" : "changed",
    idBefore: one.id,
    idAfter: other.id,
    before: methodText(one),
    after: methodText(other),
    breaks: hasNewId || misread.length > 0,
    edits: told,
    consequences: consequences(hasNewId, misread),
  };
}

function consequences(hasNewId: boolean, misread: readonly Edit[]): string[] {
  if (hasNewId) {
    return [
      "old callers get unknown-method from a new peer, new callers from an old one; versions() serves both",
    ];
  }
  const credit = misread.filter(({ what }) => what.startsWith("credit"));
  const found: string[] = [];
  if (credit.length > 0) {
    found.push(
      "the id stays, but the two sides count different credit: items beyond the smaller one end the session or are lost",
    );
  }
  if (misread.length > credit.length) {
    found.push(
      "the id stays, so the call goes through, and the other side misreads the bytes or fails to decode them",
    );
  }
  return found;
}

function methodEdits(
  one: DescribedMethod,
  other: DescribedMethod,
  before: SchemaDocument,
  after: SchemaDocument,
): Edit[] {
  const types = new TypeEdits(before, after);
  const edits = argEdits(one, other, types);
  types.compare(returnsOf(one), returnsOf(other), "returns");
  return [...edits, ...types.edits];
}

function returnsOf({ returns, error }: DescribedMethod): TypeRef {
  return error === undefined ? returns : { result: [returns, error] };
}

/** Arguments go by position: their names are neither hashed nor sent. */
function argEdits(one: DescribedMethod, other: DescribedMethod, types: TypeEdits): Edit[] {
  const edits: Edit[] = [];
  const edit = (name: string, what: string, changes: boolean) =>
    edits.push({ place: `args.${name}`, what, changesId: changes, changesBytes: changes });
  const was = new Map(one.args.map((arg) => [arg.name, arg]));
  const is = new Map(other.args.map((arg) => [arg.name, arg]));
  const sameNames = one.args.length === other.args.length && one.args.every(({ name }) => is.has(name));
  if (one.args.length === other.args.length && !sameNames) {
    for (const [index, arg] of one.args.entries()) {
      const now = other.args[index];
      if (now === undefined) continue;
      if (now.name !== arg.name) edit(now.name, `argument renamed: ${arg.name} to ${now.name}`, false);
      types.compare(arg.type, now.type, `args.${now.name}`);
    }
    return edits;
  }
  for (const { name } of one.args) if (!is.has(name)) edit(name, `argument removed: ${name}`, true);
  for (const { name } of other.args) if (!was.has(name)) edit(name, `argument added: ${name}`, true);
  const kept = one.args.filter(({ name }) => is.has(name)).map(({ name }) => name);
  const order = other.args.filter(({ name }) => was.has(name)).map(({ name }) => name);
  if (kept.some((name, index) => name !== order[index])) {
    edit("*", `arguments reordered: ${kept.join(", ")} to ${order.join(", ")}`, true);
  }
  for (const name of kept) {
    const [from, to] = [was.get(name), is.get(name)];
    if (from !== undefined && to !== undefined) types.compare(from.type, to.type, `args.${name}`);
  }
  return edits;
}
