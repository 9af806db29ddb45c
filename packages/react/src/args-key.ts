/** A text that is the same for equal arguments, whatever objects they are in and however their fields are ordered. */
export function argsKey(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === "bigint") return { bigint: `${part}` };
    if (part instanceof Uint8Array) return { bytes: Array.from(part) };
    if (part instanceof Map || part instanceof Set) return { entries: [...part] };
    if (typeof part === "number" && !Number.isFinite(part)) return { number: `${part}` };
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
