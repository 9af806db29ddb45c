/** A text that is the same for equal arguments, whatever objects they are in. */
export function argsKey(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (typeof part === "bigint") return { bigint: `${part}` };
    if (part instanceof Uint8Array) return { bytes: Array.from(part) };
    if (part instanceof Map || part instanceof Set) return { entries: [...part] };
    return typeof part === "number" && !Number.isFinite(part) ? { number: `${part}` } : part;
  });
}
