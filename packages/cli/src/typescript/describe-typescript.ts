import type { Service } from "roam";
import type { DescribedField, DescribedType, Docs, SchemaDocument } from "roam/schema";
import { Failure } from "../failure.ts";
import { importModule } from "../import-module.ts";
import { runtimeOf } from "../runtime-of.ts";
import { type DocumentedPart, type NamedCall, namedCalls } from "./source-docs.ts";

/**
 * The services that a module exports, with the comments of its source and of the modules that it
 * imports by relative names. Comments that it exports as `docs` come first.
 *
 * @param file TypeScript or JavaScript; it is run
 * @throws Failure if it cannot be loaded, or exports no service
 */
export async function describeTypescript(file: string): Promise<SchemaDocument> {
  const exports = await importModule(file);
  const services = [...new Set(Object.values(exports).filter(isService))];
  if (services.length === 0) throw new Failure(`${file} exports no service`);
  // Of the copy of the library that made them: no other knows their channels.
  const { documentOf } = (await runtimeOf(file)).schema;
  const plain = documentOf(services);
  const docs = { ...docsOf(plain, await namedCalls(file)), ...(isDocs(exports.docs) ? exports.docs : {}) };
  return documentOf(services, docs);
}

/** By its form: the module may have a copy of the library of its own. */
function isService(value: unknown): value is Service {
  if (typeof value !== "object" || value === null) return false;
  const { name, methods, descriptors } = value as Partial<Record<keyof Service, unknown>>;
  return typeof name === "string" && typeof methods === "object" && typeof descriptors === "function";
}

function isDocs(value: unknown): value is Docs {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((doc) => typeof doc === "string");
}

function docsOf({ services, types }: SchemaDocument, calls: readonly NamedCall[]): Docs {
  const docs: Record<string, string> = {};
  const add = (about: string, doc: string | undefined) => {
    if (doc !== undefined) docs[about] = doc;
  };
  for (const { name, methods } of services) {
    const names = methods.map((method) => method.name);
    const call = find(calls, { words: undefined, name, names });
    add(name, call?.doc);
    for (const [method, part] of call?.parts ?? []) add(`${name}.${method}`, part.doc);
  }
  for (const [key, type] of Object.entries(types)) {
    const call = find(calls, { words: wordsOf(type), name: type.name, names: namesIn(type) });
    add(key, call?.doc);
    addParts(key, call?.parts, add);
  }
  return docs;
}

function addParts(
  owner: string,
  parts: ReadonlyMap<string, DocumentedPart> | undefined,
  add: (about: string, doc: string | undefined) => void,
): void {
  for (const [name, part] of parts ?? []) {
    add(`${owner}.${name}`, part.doc);
    addParts(`${owner}.${name}`, part.parts, add);
  }
}

interface Wanted {
  readonly words: readonly string[] | undefined;
  readonly name: string;
  /** Of methods, fields or variants; none where it has no such parts. */
  readonly names: readonly string[] | undefined;
}

/** The call that made something: of its name, and with just its parts. Undefined if several may have. */
function find(calls: readonly NamedCall[], { words, name, names }: Wanted): NamedCall | undefined {
  const likely = calls.filter((call) => {
    if (call.name !== name || words?.includes(call.word) === false) return false;
    if (names === undefined) return true;
    return call.parts !== undefined && [...call.parts.keys()].join("\n") === names.join("\n");
  });
  return likely.length === 1 ? likely[0] : undefined;
}

function wordsOf({ kind }: DescribedType): readonly string[] {
  // What is transparent over a unit is described as the unit struct that it cannot be told from.
  return kind === "unitStruct" ? ["unitStruct", "transparent"] : [kind];
}

function namesIn(type: DescribedType): readonly string[] | undefined {
  const nameOf = ({ name }: Pick<DescribedField, "name">) => name;
  if (type.kind === "struct") return type.fields.map(nameOf);
  return type.kind === "enum" ? type.variants.map(nameOf) : undefined;
}
