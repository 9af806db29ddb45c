import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Node, parse } from "../tree-sitter.ts";

/** A call in a source that names what it makes, as `t.struct("Invoice", { … })` does. */
export interface NamedCall {
  /** The last word of what is called: `struct`, `service`, …. */
  readonly word: string;
  readonly name: string;
  readonly doc: string | undefined;
  /** Entries of the object that comes next, if one does. */
  readonly parts: ReadonlyMap<string, DocumentedPart> | undefined;
}

export interface DocumentedPart {
  readonly doc: string | undefined;
  /** Entries of an object that stands there. */
  readonly parts: ReadonlyMap<string, DocumentedPart> | undefined;
}

/** Modules in a program that are looked into, at most. */
const MOST_FILES = 1000;

/** The named calls of a module, and of those that it imports by relative names. */
export async function namedCalls(file: string): Promise<NamedCall[]> {
  const calls: NamedCall[] = [];
  const files = new Set([resolve(file)]);
  for (const path of files) {
    const tree = await parse("typescript", readFileSync(path, "utf8"));
    try {
      calls.push(...callsIn(tree.rootNode));
      for (const name of importedNames(tree.rootNode)) {
        const other = moduleFile(dirname(path), name);
        if (other !== undefined && files.size < MOST_FILES) files.add(other);
      }
    } finally {
      tree.delete();
    }
  }
  return calls;
}

function importedNames(root: Node): string[] {
  return inOrder(root.descendantsOfType(["import_statement", "export_statement"])).flatMap((statement) => {
    const source = statement.childForFieldName("source");
    const name = source === null ? "" : stringValue(source);
    return /^\.\.?\//.test(name) ? [name] : [];
  });
}

/** The source of an imported module: TypeScript is often imported as what it is compiled to. */
function moduleFile(directory: string, name: string): string | undefined {
  const path = resolve(directory, name);
  const candidates = [path.replace(/\.([cm]?)js$/, ".$1ts"), path, `${path}.ts`];
  return candidates.find((one) => /\.[cm]?[jt]s$/.test(one) && existsSync(one));
}

function callsIn(root: Node): NamedCall[] {
  return inOrder(root.descendantsOfType("call_expression")).flatMap((call) => {
    const called = call.childForFieldName("function");
    const [first, second] = call.childForFieldName("arguments")?.namedChildren.filter(isCode).map(bare) ?? [];
    if (called === null || first?.type !== "string") return [];
    return [
      {
        word: called.text.split(".").at(-1)?.trim() ?? "",
        name: stringValue(first),
        doc: docBefore(statementOf(call)),
        parts: second?.type === "object" ? partsOf(second) : undefined,
      },
    ];
  });
}

/** An expression without what is said of its type. */
function bare(node: Node): Node {
  const inside = /^(as|satisfies|parenthesized)_expression$/.test(node.type) ? node.namedChild(0) : null;
  return inside === null ? node : bare(inside);
}

function partsOf(object: Node): Map<string, DocumentedPart> {
  const parts = new Map<string, DocumentedPart>();
  for (const entry of object.namedChildren) {
    if (entry?.type === "shorthand_property_identifier") {
      parts.set(entry.text, { doc: docBefore(entry), parts: undefined });
    }
    const key = entry?.type === "pair" ? entry.childForFieldName("key") : null;
    const value = entry?.childForFieldName("value");
    if (entry === null || key === null) continue;
    const object = value === null || value === undefined ? undefined : bare(value);
    const inside = object?.type === "object" ? partsOf(object) : undefined;
    parts.set(keyText(key), { doc: docBefore(entry), parts: inside });
  }
  return parts;
}

function keyText(key: Node): string {
  if (key.type === "computed_property_name") return keyText(key.namedChild(0) ?? key);
  return key.type === "string" ? stringValue(key) : key.text;
}

/** The statement that declares what a call makes, or the call itself. */
function statementOf(call: Node): Node {
  const around = /^(arguments|call_expression|as_expression|satisfies_expression|parenthesized_expression)$/;
  let node = call;
  while (node.parent !== null && around.test(node.parent.type)) node = node.parent;
  if (node.parent?.type !== "variable_declarator") return call;
  const declaration = node.parent.parent ?? node;
  return declaration.parent?.type === "export_statement" ? declaration.parent : declaration;
}

/** The text of the doc comment right before a node. */
function docBefore(node: Node): string | undefined {
  const comment = node.previousSibling;
  if (comment?.type !== "comment" || !/^\/\*\*(?!\/)/.test(comment.text)) return undefined;
  const lines = comment.text
    .slice("/**".length, -"*/".length)
    .split(/\r?\n/)
    .map((line, index) => (index === 0 ? line.trim() : line.replace(/^\s*\* ?/, "").trimEnd()));
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  const doc = lines.join("\n").replaceAll("*\\/", "*/");
  return doc === "" ? undefined : doc;
}

function stringValue(node: Node): string {
  const inside = node.text.slice(1, -1);
  return inside.replace(
    /\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|(.))/gis,
    (_, long, short, byte, one) => {
      const code = long ?? short ?? byte;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      return { n: "\n", t: "\t", r: "\r", 0: "\0" }[one as string] ?? one;
    },
  );
}

function isCode(node: Node | null): node is Node {
  return node !== null && node.type !== "comment";
}

function inOrder(nodes: readonly (Node | null)[]): Node[] {
  return nodes.filter((node) => node !== null).sort((a, b) => a.startIndex - b.startIndex);
}
