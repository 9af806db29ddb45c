import type { Node } from "../tree-sitter.ts";

/** One `#[…]`: its path and what follows it, as text without spaces around. */
export interface Attribute {
  readonly path: string;
  readonly args: string;
  readonly node: Node;
}

/** Attributes and comments directly in front of a node. */
export function inFrontOf(node: Node): Node[] {
  const found: Node[] = [];
  for (let before = node.previousSibling; before !== null; before = before.previousSibling) {
    if (!/^(attribute_item|line_comment|block_comment)$/.test(before.type)) break;
    if (before.type !== "attribute_item" && isBehindItem(before)) break;
    found.unshift(before);
  }
  return found;
}

/** A comment behind something on its line is that thing's. */
function isBehindItem({ previousSibling, startPosition }: Node): boolean {
  const isFront = /^(attribute_item|line_comment|block_comment|\{|\(|,)$/;
  if (previousSibling === null || isFront.test(previousSibling.type)) return false;
  return previousSibling.endPosition.row === startPosition.row;
}

/** Those of them that are attributes; `cfg_attr` whose condition is plain to see counts as what it says. */
export function attributesOf(nodes: readonly Node[]): Attribute[] {
  return nodes.flatMap((node) => {
    if (node.type !== "attribute_item") return [];
    const attribute = node.namedChild(0);
    return attribute === null ? [] : expanded(attributeFrom(attribute.text, node));
  });
}

function attributeFrom(text: string, node: Node): Attribute {
  const path = /^[^([{=]*/.exec(text)?.[0] ?? "";
  return { path: path.replace(/\s+/g, ""), args: text.slice(path.length).trim(), node };
}

function expanded(attribute: Attribute): Attribute[] {
  if (attribute.path !== "cfg_attr") return [attribute];
  const [condition = "", ...rest] = listed(attribute.args);
  const isTrue = truth(condition);
  if (isTrue === false) return [];
  if (isTrue === undefined) return [attribute];
  return rest.flatMap((text) => expanded(attributeFrom(text, attribute.node)));
}

/** The parts of `(a, b(c, d))`, at its own level. */
export function listed(args: string): string[] {
  const inner = /^[([{]([\s\S]*)[)\]}]$/.exec(args)?.[1] ?? "";
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const piece of inner.match(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'|[\s\S]/g) ?? []) {
    if ("([{<".includes(piece)) depth++;
    if (")]}>".includes(piece)) depth--;
    if (piece === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += piece;
  }
  return [...parts, part.trim()].filter((text) => text !== "");
}

/** What a `cfg` condition comes to, where no build has to be asked: tests are not looked at. */
export function truth(condition: string): boolean | undefined {
  const text = condition.trim();
  if (text === "test" || text === "doctest" || text === "doc") return false;
  const [, word, args] = /^(any|all|not)\s*(\([\s\S]*\))$/.exec(text) ?? [];
  if (word === undefined || args === undefined) return undefined;
  const parts = listed(args).map(truth);
  if (word === "not") return parts[0] === undefined ? undefined : !parts[0];
  const deciding = word === "any";
  if (parts.includes(deciding)) return deciding;
  return parts.includes(undefined) ? undefined : !deciding;
}

/**
 * Whether an item is there, by its `cfg` attributes.
 *
 * @returns true, false, or the attribute that only a build can decide
 */
export function presence(attributes: readonly Attribute[]): boolean | Attribute {
  for (const attribute of attributes) {
    if (attribute.path !== "cfg") continue;
    const isTrue = truth(listed(attribute.args).join(","));
    if (isTrue === false) return false;
    if (isTrue === undefined) return attribute;
  }
  return true;
}

/** Words of all `#[facet(…)]`, such as `transparent` or `rename = "x"`. */
export function facetWords(attributes: readonly Attribute[]): string[] {
  return attributes.flatMap(({ path, args }) => (path === "facet" ? listed(args) : []));
}

/** An identifier as the compiler takes it: composed, without the mark of a raw one. */
export function plainName(text: string): string {
  return text.replace(/^r#/, "").normalize("NFC");
}
