import { PRIMITIVE_NAMES, type SchemaDocument } from "./schema-document.ts";

/** Types inside types without a name between them; as deep as 7.3's own decoder goes. */
const MAX_DEPTH = 64;
const KINDS = ["struct", "tupleStruct", "unitStruct", "newtype", "transparent", "opaque", "enum"];

type Parts = { readonly [name: string]: unknown };

/**
 * @throws TypeError with the place of what is wrong, such as `types.Invoice.fields[2].type`
 */
export function checkDocument(document: unknown): asserts document is SchemaDocument {
  const { roamSchema, services, types } = parts(document, "schema");
  if (roamSchema !== 1) fail("schema", "is not a schema of version 1 (roamSchema: 1)");
  const keys = new Set(Object.keys(parts(types, "types")));
  for (const [key, type] of Object.entries(types as Parts)) checkType(type, `types.${key}`, keys);
  checkNames(services, "services", ({ methods }, where) => {
    checkNames(methods, `${where}.methods`, (method, at) => {
      if (typeof method.id !== "string" || !/^[\da-f]{16}$/.test(method.id)) {
        fail(`${at}.id`, "is not 16 hexadecimal digits");
      }
      checkFields(method.args, `${at}.args`, keys);
      checkRef(method.returns, `${at}.returns`, keys);
      if (method.error !== undefined) checkRef(method.error, `${at}.error`, keys);
    });
  });
}

function checkType(type: unknown, where: string, keys: ReadonlySet<string>): void {
  const described = parts(type, where);
  checkName(described, where);
  if (!KINDS.includes(described.kind as string)) fail(`${where}.kind`, `is none of ${KINDS.join(", ")}`);
  switch (described.kind) {
    case "struct":
      return checkFields(described.fields, `${where}.fields`, keys);
    case "tupleStruct":
      return checkRefs(described.items, `${where}.items`, keys);
    case "newtype":
    case "transparent":
    case "opaque":
      return checkRef(described.inner, `${where}.inner`, keys);
    case "enum":
      if (described.tag !== undefined && typeof described.tag !== "string") {
        fail(`${where}.tag`, "is not a text");
      }
      return checkNames(described.variants, `${where}.variants`, ({ item, items, fields }, at) => {
        if (item !== undefined) checkRef(item, `${at}.item`, keys);
        if (items !== undefined) checkRefs(items, `${at}.items`, keys);
        if (fields !== undefined) checkFields(fields, `${at}.fields`, keys);
      });
  }
}

function checkFields(fields: unknown, where: string, keys: ReadonlySet<string>): void {
  checkNames(fields, where, ({ type }, at) => checkRef(type, `${at}.type`, keys));
}

function checkRefs(refs: unknown, where: string, keys: ReadonlySet<string>, depth = 0): void {
  for (const [index, ref] of list(refs, where).entries()) checkRef(ref, `${where}[${index}]`, keys, depth);
}

function checkRef(ref: unknown, where: string, keys: ReadonlySet<string>, depth = 0): void {
  if (depth > MAX_DEPTH) fail(where, `is nested more than ${MAX_DEPTH} deep`);
  if (typeof ref === "string") {
    if (!(PRIMITIVE_NAMES as readonly string[]).includes(ref)) fail(where, `knows no type ${quoted(ref)}`);
    return;
  }
  const form = parts(ref, where);
  const kind = Object.keys(form).find((key) => key !== "length" && key !== "credit");
  const inner = kind === undefined ? undefined : form[kind];
  switch (kind) {
    case "ref":
      if (!keys.has(inner as string)) fail(where, `refers to ${quoted(inner)}, which types do not have`);
      return;
    case "array":
      count(form.length, `${where}.length`, Number.MAX_SAFE_INTEGER);
      return checkRef(inner, `${where}.array`, keys, depth + 1);
    case "tx":
    case "rx":
      count(form.credit, `${where}.credit`, 0xffff_ffff);
      return checkRef(inner, `${where}.${kind}`, keys, depth + 1);
    case "map":
    case "result":
      if (list(inner, `${where}.${kind}`).length !== 2) fail(`${where}.${kind}`, "is not a pair");
      return checkRefs(inner, `${where}.${kind}`, keys, depth + 1);
    case "tuple":
      return checkRefs(inner, `${where}.tuple`, keys, depth + 1);
    case "list":
    case "slice":
    case "option":
    case "set":
      return checkRef(inner, `${where}.${kind}`, keys, depth + 1);
    default:
      fail(where, `is no type: ${quoted(ref)}`);
  }
}

/** A list of things whose names differ. */
function checkNames(entries: unknown, where: string, check: (entry: Parts, where: string) => void): void {
  const seen = new Set<string>();
  for (const [index, entry] of list(entries, where).entries()) {
    const at = `${where}[${index}]`;
    const name = checkName(parts(entry, at), at);
    if (seen.has(name)) fail(at, `has a name that is taken: ${name}`);
    seen.add(name);
    check(entry as Parts, at);
  }
}

function checkName({ name, doc }: Parts, where: string): string {
  if (typeof name !== "string" || name === "") fail(`${where}.name`, "is not a name");
  if (doc !== undefined && typeof doc !== "string") fail(`${where}.doc`, "is not a text");
  return name;
}

function parts(value: unknown, where: string): Parts {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(where, "is not an object");
  return value as Parts;
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) fail(where, "is not a list");
  return value;
}

function count(value: unknown, where: string, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most) {
    fail(where, `is not a count up to ${most}`);
  }
}

function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 100);
}

function fail(where: string, what: string): never {
  throw new TypeError(`not a schema: ${where} ${what}`);
}
