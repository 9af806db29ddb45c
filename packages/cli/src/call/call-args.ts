import { type Field, nodeOf, type Schema } from "roam-postcard";
import { UsageFailure } from "../failure.ts";
import { shown } from "../json/json-path.ts";
import type { Json } from "../json/parse-json.ts";
import { fieldNamed, type Given, jsonOf, type TextSource, unwrapped, valueOfTexts } from "./text-value.ts";

/** Arguments of a call by name, as far as they were given. */
export type GivenArgs = Readonly<Record<string, Given>>;

/**
 * The arguments of a call from the rest of the command line: one JSON object or array (or
 * `@file`, or `-`), or values in order and flags `--name value`.
 *
 * @param words what follows the method's name
 */
export async function callArgs(
  fields: readonly Field[],
  words: readonly string[],
  method: string,
  from: TextSource,
): Promise<GivenArgs> {
  const { positional, flags } = sorted(words, fields, method);
  const [only, ...more] = positional;
  if (only !== undefined && more.length === 0 && isWhole(only, fields)) {
    const whole = await wholeArgs(only, fields, from);
    return { ...whole, ...(await flagArgs(fields, flags, method, from)) };
  }
  if (positional.length > fields.length) {
    throw new UsageFailure(
      `${positional.length} arguments are given, ${method} takes ${fields.length}`,
      "one JSON object or array holds all arguments; a text with blanks wants quotes",
    );
  }
  const inOrder: Record<string, Given> = {};
  for (const [index, text] of positional.entries()) {
    const { name, schema } = fields[index] as Field;
    inOrder[name] = await named(name, () => valueOfTexts(schema, [text], from));
  }
  return { ...inOrder, ...(await flagArgs(fields, flags, method, from)) };
}

/** All arguments in one text: an object, an array, or a file with either. */
function isWhole(text: string, fields: readonly Field[]): boolean {
  if (/^\s*[{[]/.test(text)) return true;
  // With one argument the file is that argument's, unless it takes no text itself.
  return text === "-" || (text.startsWith("@") && !text.startsWith("@@") && fields.length !== 1);
}

async function wholeArgs(text: string, fields: readonly Field[], from: TextSource): Promise<GivenArgs> {
  const isFile = text === "-" || text.startsWith("@");
  const content = isFile
    ? new TextDecoder().decode(await from.read(text === "-" ? "-" : text.slice(1)))
    : text;
  const json = jsonOf(content);
  if (Array.isArray(json)) {
    if (json.length > fields.length) {
      throw new UsageFailure(
        `the array has ${json.length} items, there are ${fields.length} arguments`,
        "an array is all arguments in order: one argument that is a list is [[…]]",
      );
    }
    return Object.fromEntries(json.map((item: Json, index) => [(fields[index] as Field).name, item]));
  }
  if (typeof json !== "object" || json === null) {
    throw new UsageFailure(`arguments are a JSON object or array, not ${shown(json)}`);
  }
  const [only, ...more] = fields;
  // An object that is the only argument, and not one that has it.
  if (only !== undefined && more.length === 0 && isObject(only.schema) && !Object.hasOwn(json, only.name)) {
    return { [only.name]: json };
  }
  return json as Readonly<Record<string, Json>>;
}

/** True for what is an object in JSON. */
function isObject(schema: Schema): boolean {
  const { kind } = nodeOf(unwrapped(schema).schema);
  return kind === "struct" || kind === "enum" || kind === "map" || kind === "result";
}

interface Flag {
  /** `point.x` as two. */
  readonly path: readonly string[];
  readonly text: string;
}

function sorted(
  words: readonly string[],
  fields: readonly Field[],
  method: string,
): { positional: string[]; flags: Flag[] } {
  const positional: string[] = [];
  const flags: Flag[] = [];
  // Commander leaves a `--` where unknown options came before it.
  const rest = words.filter((word) => word !== "--");
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] as string;
    if (!word.startsWith("--")) {
      positional.push(word);
      continue;
    }
    const [, name = "", value] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === "") throw new UsageFailure(`${word} is no option`);
    const path = name.split(".");
    const denied = deniedFlag(path, fields);
    if (denied !== undefined) flags.push({ path: denied, text: "false" });
    else if (value !== undefined) flags.push({ path, text: value });
    else if (isBool(path, fields, method) && !/^(true|false)$/.test(rest[index + 1] ?? "")) {
      flags.push({ path, text: "true" });
    } else {
      const next = rest[++index];
      if (next === undefined) throw new UsageFailure(`--${name} needs a value`);
      flags.push({ path, text: next });
    }
  }
  return { positional, flags };
}

/** `--no-paid` of a bool `paid`. */
function deniedFlag(
  [first = "", ...inner]: readonly string[],
  fields: readonly Field[],
): string[] | undefined {
  if (!first.startsWith("no-") || inner.length > 0) return undefined;
  const name = first.slice("no-".length);
  try {
    return isBool([name], fields, "") ? [name] : undefined;
  } catch {
    return undefined;
  }
}

function isBool(path: readonly string[], fields: readonly Field[], method: string): boolean {
  return nodeOf(unwrapped(schemaAt(path, fields, method)).schema).kind === "bool";
}

function schemaAt(
  [first = "", ...inner]: readonly string[],
  fields: readonly Field[],
  where: string,
): Schema {
  const { schema, name } = fieldNamed(fields, first, where);
  if (inner.length === 0) return schema;
  const node = nodeOf(unwrapped(schema).schema);
  if (node.kind !== "struct") throw new UsageFailure(`--${first}.${inner.join(".")}: ${name} has no fields`);
  return schemaAt(inner, node.fields, name);
}

async function flagArgs(
  fields: readonly Field[],
  flags: readonly Flag[],
  where: string,
  from: TextSource,
): Promise<GivenArgs> {
  const given: Record<string, Given> = {};
  const groups = new Map<Field, Flag[]>();
  for (const flag of flags) {
    const field = fieldNamed(fields, flag.path[0] ?? "", where);
    groups.set(field, [...(groups.get(field) ?? []), flag]);
  }
  for (const [{ name, schema }, group] of groups) {
    const nested = group.filter(({ path }) => path.length > 1);
    given[name] = await named(`--${name}`, async () => {
      if (nested.length === 0)
        return valueOfTexts(
          schema,
          group.map(({ text }) => text),
          from,
        );
      return nestedArgs(name, schema, group, from);
    });
  }
  return given;
}

async function nestedArgs(
  name: string,
  schema: Schema,
  group: readonly Flag[],
  from: TextSource,
): Promise<Given> {
  const node = nodeOf(unwrapped(schema).schema);
  if (node.kind !== "struct" || group.some(({ path }) => path.length === 1)) {
    throw new UsageFailure("it is given whole and in parts, or has no parts");
  }
  const inner = group.map(({ path, text }) => ({ path: path.slice(1), text }));
  return (await flagArgs(node.fields, inner, name, from)) as Json;
}

/** Says whose value it was that made no sense. */
async function named<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof UsageFailure && !error.message.startsWith("unknown")) {
      throw new UsageFailure(`${name}: ${error.message}`, error.hint);
    }
    throw error;
  }
}
