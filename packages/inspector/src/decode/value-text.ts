const MOST_BYTES = 256;

/** A decoded value as JSON one reads: bytes in hexadecimal with their length, wide integers as digits. */
export function valueText(value: unknown): string {
  return text(value, "");
}

function text(value: unknown, indent: string): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof Map) return listText([...value], indent, "[]");
  if (value instanceof Set) return listText([...value], indent, "[]");
  if (Array.isArray(value)) return listText(value, indent, "[]");
  if (typeof value !== "object") return JSON.stringify(value) ?? "null";
  const deeper = `${indent}  `;
  const parts = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${text(one, deeper)}`);
  return joined(parts, indent, "{}");
}

function listText(values: readonly unknown[], indent: string, brackets: string): string {
  return joined(
    values.map((one) => text(one, `${indent}  `)),
    indent,
    brackets,
  );
}

function joined(parts: readonly string[], indent: string, brackets: string): string {
  const [open, close] = brackets;
  const line = parts.join(", ");
  if (line.length + indent.length < 48 && !line.includes("\n")) return `${open}${line}${close}`;
  return `${open}\n${parts.map((part) => `${indent}  ${part}`).join(",\n")}\n${indent}${close}`;
}

/** `bytes(5) 00 01 02 03 04` */
export function bytesText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MOST_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return `bytes(${bytes.length}) ${shown.join(" ")}${bytes.length > MOST_BYTES ? " …" : ""}`;
}
