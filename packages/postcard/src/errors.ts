/** Where in a value an error lies: `shapes[3].radius`; empty for the value itself. */
export type Path = string;

/**
 * Bytes that are not what the schema says.
 *
 * `offset` counts bytes from the start of the payload, `path` names the field.
 */
// r[impl codec.x.invalid]
export class DecodeError extends Error {
  override readonly name: string = "DecodeError";
  readonly reason: string;
  readonly offset: number;
  readonly path: Path;

  constructor(reason: string, offset: number, path: Path = "", options?: ErrorOptions) {
    super(`${reason} at byte ${offset}${path === "" ? "" : ` in ${path}`}`, options);
    this.reason = reason;
    this.offset = offset;
    this.path = path;
  }
}

/** A value that its schema cannot carry; `path` names the field. */
export class EncodeError extends Error {
  override readonly name: string = "EncodeError";
  readonly reason: string;
  readonly path: Path;

  constructor(reason: string, path: Path = "", options?: ErrorOptions) {
    super(path === "" ? reason : `${reason} in ${path}`, options);
    this.reason = reason;
    this.path = path;
  }
}

function join(segment: string, path: Path): Path {
  if (path === "" || path.startsWith("[")) return segment + path;
  return `${segment}.${path}`;
}

/**
 * The same error seen from one level further out. Codecs call this from a `catch`, so the path
 * costs nothing while values are good. Errors of other kinds (a getter that throws) pass through.
 */
export function within(segment: string | number, error: unknown): unknown {
  const name = typeof segment === "number" ? `[${segment}]` : segment;
  if (error instanceof DecodeError) {
    return new DecodeError(error.reason, error.offset, join(name, error.path), { cause: error.cause });
  }
  if (error instanceof EncodeError) {
    return new EncodeError(error.reason, join(name, error.path), { cause: error.cause });
  }
  return error;
}
