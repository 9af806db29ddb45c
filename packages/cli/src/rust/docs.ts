import type { Node } from "../tree-sitter.ts";
import { stringValue } from "./string-value.ts";

/** The documentation in front of an item: `///`, block comments and `#[doc = "…"]`, in their order. */
export function docOf(attributes: readonly Node[]): { doc?: string } {
  const parts = attributes.flatMap((node) => {
    const text = node.type === "attribute_item" ? attributeDoc(node) : commentDoc(node.text);
    return text === undefined ? [] : [text];
  });
  const doc = unindented(parts.join("\n").split("\n")).join("\n").trim();
  return doc === "" ? {} : { doc };
}

function attributeDoc(node: Node): string | undefined {
  const attribute = node.namedChild(0);
  if (attribute?.namedChild(0)?.text !== "doc") return undefined;
  const value = attribute.childForFieldName("value");
  return value === null ? undefined : stringValue(value.text);
}

function commentDoc(text: string): string | undefined {
  if (/^\/\/\/(?!\/)/.test(text)) return text.slice(3).replace(/\r?\n$/, "");
  // Four slashes, an empty block and three stars are plain comments.
  if (!/^\/\*\*(?![*/])/.test(text)) return undefined;
  const lines = text.slice(3, -2).split(/\r?\n/);
  const hasStars = lines.slice(1, -1).every((line) => /^\s*\*/.test(line));
  return lines
    .map((line, index) => (index > 0 && hasStars ? line.replace(/^\s*\*/, "") : line).trimEnd())
    .join("\n");
}

/** Takes away what all lines with text begin with. */
function unindented(lines: readonly string[]): string[] {
  const depths = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const depth = Math.min(...depths, Number.MAX_SAFE_INTEGER);
  return lines.map((line) => line.slice(Math.min(depth, line.length)));
}
