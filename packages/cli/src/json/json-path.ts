/** A value in JSON that is not what its type says. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  /** Where in the value, such as `invoice.lines[2]`; empty for the whole. */
  readonly path: string;

  constructor(path: string, what: string) {
    super(path === "" ? what : `${path}: ${what}`);
    this.path = path;
  }
}

export function atField(path: string, name: string): string {
  if (!/^[\p{L}_$][\p{L}\d_$]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

export function atIndex(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** A value as it is quoted in messages: short. */
export function shown(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "bigint" ? String(inner) : inner,
  );
  if (text === undefined) return "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
