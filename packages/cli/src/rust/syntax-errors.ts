import type { Node } from "../tree-sitter.ts";
import { type Finding, findingAt } from "./finding.ts";

/** Of one file as many as a person would look at. */
const MOST = 5;

/** What the grammar could not make sense of. */
export function syntaxErrors(file: string, root: Node): Finding[] {
  const found: Finding[] = [];
  const visit = (node: Node): void => {
    if (found.length >= MOST || !node.hasError) return;
    if (node.isError || node.isMissing) {
      const what = node.isMissing ? `${node.type} is missing` : `unexpected ${shortened(node.text)}`;
      found.push(findingAt({ file, node }, "error", `not Rust: ${what}`));
      return;
    }
    for (const child of node.children) if (child !== null) visit(child);
  };
  visit(root);
  return found;
}

function shortened(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}
