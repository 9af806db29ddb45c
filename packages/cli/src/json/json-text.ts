import type { Paint } from "../paint.ts";
import { jsonOnOneLine } from "../printable.ts";

/** Widest value that stays on one line (columns). */
const LINE = 76;

/** JSON for a person: indented where it is long, in colours where there are any. */
export function jsonText(json: unknown, paint: Paint, indent = ""): string {
  if (json === null || typeof json !== "object") return leaf(json, paint);
  const isList = Array.isArray(json);
  const entries: [string, unknown][] = isList ? json.map((item) => ["", item]) : Object.entries(json);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return open + close;
  const inner = `${indent}  `;
  const key = (name: string) => (isList ? "" : `${paint.blue(jsonOnOneLine(name))}: `);
  if (indent.length + (JSON.stringify(json) ?? "").length <= LINE) {
    const items = entries.map(([name, item]) => key(name) + jsonText(item, paint, indent));
    return isList ? `[${items.join(", ")}]` : `{ ${items.join(", ")} }`;
  }
  const items = entries.map(([name, item]) => inner + key(name) + jsonText(item, paint, inner));
  return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

function leaf(json: unknown, paint: Paint): string {
  if (typeof json === "string") return paint.green(jsonOnOneLine(json));
  if (typeof json === "number") return paint.yellow(String(json));
  if (typeof json === "boolean") return paint.cyan(String(json));
  return paint.dim("null");
}
