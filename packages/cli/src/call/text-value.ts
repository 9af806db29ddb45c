import { asChannel, insideOpaque } from "roam/schema";
import { type Field, nodeOf, type Schema } from "roam-postcard";
import { UsageFailure } from "../failure.ts";
import { bytesText } from "../json/bytes-text.ts";
import { isIntegerKind } from "../json/numbers.ts";
import { type Json, parseJson } from "../json/parse-json.ts";
import { isSame } from "./find-method.ts";

/** Where the texts of arguments come from beyond the command line: files and standard input. */
export interface TextSource {
  /** @throws UsageFailure if standard input was taken before */
  read(name: string): Promise<Uint8Array>;
}

/** A list of an Rx argument's items that comes as JSON lines: a file's, or standard input for "-". */
export class LinesFrom {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }
}

export type Given = Json | LinesFrom;

/**
 * What a text on the command line says for a type: texts and variants as they are, numbers,
 * everything else as JSON. `@file` and `-` are files; `@@` begins a text with an @.
 */
export async function valueOfText(schema: Schema, text: string, from: TextSource): Promise<Given> {
  const channel = asChannel(schema);
  if (channel?.direction === "rx") {
    if (text === "-" || isFileName(text)) return new LinesFrom(text === "-" ? "-" : text.slice(1));
    return jsonOf(text);
  }
  const plain = unwrapped(schema);
  const node = nodeOf(plain.schema);
  if (plain.isOptional && text === "null") return null;
  if (text === "-" || isFileName(text)) {
    const bytes = await from.read(text === "-" ? "-" : text.slice(1));
    if (isBytes(plain.schema)) return bytesText(bytes);
    const content = new TextDecoder().decode(bytes);
    return node.kind === "string" ? content : jsonOf(content);
  }
  const literal = text.startsWith("@@") ? text.slice(1) : text;
  if (node.kind === "string" || node.kind === "char") return literal;
  if (isIntegerKind(node.kind)) return literal;
  if (node.kind === "f32" || node.kind === "f64") {
    return literal.trim() !== "" && Number.isFinite(Number(literal)) ? Number(literal) : literal;
  }
  if (isBytes(plain.schema) && !literal.startsWith("[")) return literal;
  if (node.kind === "enum" && !literal.startsWith("{"))
    return literal.startsWith('"') ? jsonOf(literal) : literal;
  return jsonOf(literal);
}

/** Texts given for one argument, one after another: a list takes each as an item. */
export async function valueOfTexts(
  schema: Schema,
  texts: readonly string[],
  from: TextSource,
): Promise<Given> {
  const item = itemOf(schema);
  const [first = "", ...more] = texts;
  const isWhole =
    more.length === 0 && (item === undefined || /^\s*\[/.test(first) || first === "-" || isFileName(first));
  if (isWhole) return valueOfText(schema, first, from);
  if (item === undefined) throw new UsageFailure(`given ${texts.length} times, but it is not a list`);
  const items: Json[] = [];
  for (const text of texts) {
    const value = await valueOfText(item, text, from);
    if (value instanceof LinesFrom) throw new UsageFailure("a stream of streams cannot be given");
    items.push(value);
  }
  return items;
}

function itemOf(schema: Schema): Schema | undefined {
  const channel = asChannel(schema);
  if (channel !== undefined) return channel.item;
  const { schema: plain } = unwrapped(schema);
  const node = nodeOf(plain);
  if (isBytes(plain)) return undefined;
  if (node.kind === "list" || node.kind === "slice" || node.kind === "set" || node.kind === "array")
    return node.item;
  return undefined;
}

/** Without wrappers that have no form in JSON, and without one option around. */
export function unwrapped(schema: Schema): { readonly schema: Schema; readonly isOptional: boolean } {
  let node = nodeOf(schema);
  let isOptional = false;
  for (;;) {
    const inner = node.kind === "newtype" ? node.inner : insideOpaque(node);
    if (inner !== undefined) node = nodeOf(inner);
    else if (node.kind === "option" && !isOptional) {
      isOptional = true;
      node = nodeOf(node.item);
    } else return { schema: node as Schema, isOptional };
  }
}

function isBytes(schema: Schema): boolean {
  const node = nodeOf(schema);
  if (node.kind === "slice") return nodeOf(node.item).kind === "u8";
  return node.kind === "bytes" || node.kind === "trailing";
}

function isFileName(text: string): boolean {
  return text.startsWith("@") && !text.startsWith("@@");
}

export function jsonOf(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
    throw new UsageFailure(
      `${shown} is not JSON: ${(cause as Error).message}`,
      "quote it for the shell: '{\"id\": 7}'",
    );
  }
}

/** The field that a flag's name means. @throws UsageFailure with the names that there are */
export function fieldNamed(fields: readonly Field[], name: string, where: string): Field {
  const found =
    fields.find((field) => field.name === name) ?? fields.find((field) => isSame(field.name, name));
  if (found !== undefined) return found;
  const known =
    fields.length === 0
      ? `${where} takes none`
      : `${where} has ${fields.map((field) => `--${field.name}`).join(", ")}`;
  throw new UsageFailure(`unknown option or argument --${name}`, known);
}
