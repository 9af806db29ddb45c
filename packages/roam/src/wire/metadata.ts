import { isBytes } from "roam-postcard";
import { RoamError } from "../errors.ts";

/** The value must not appear in logs, traces, errors or debug output. */
export const SENSITIVE = 1n;
/** The entry must not be forwarded downstream. */
export const NO_PROPAGATE = 2n;

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const MAX_FLAGS = 0xffff_ffff_ffff_ffffn;
const MAX_U64 = MAX_FLAGS;

/** String, Bytes or U64. */
// r[impl rpc.metadata.value]
export type MetadataValue = string | Uint8Array | bigint;

/** One key, value and flags. Keys are lower-case kebab-case by convention. */
export class MetadataEntry {
  readonly key: string;
  readonly value: MetadataValue;
  /** Bit 0 SENSITIVE, bit 1 NO_PROPAGATE; the others are carried and mean nothing. */
  readonly flags: bigint;

  constructor(key: string, value: MetadataValue, flags = 0n) {
    this.key = key;
    this.value = value;
    this.flags = flags;
  }

  get isSensitive(): boolean {
    return (this.flags & SENSITIVE) !== 0n;
  }

  get mayPropagate(): boolean {
    return (this.flags & NO_PROPAGATE) === 0n;
  }

  /** Whatever prints or serialises an entry sees this. */
  // r[impl rpc.metadata.flags.sensitive]
  toJSON(): { key: string; value: unknown; flags: string } {
    const { value } = this;
    const shown =
      typeof value === "string" ? value : typeof value === "bigint" ? value.toString() : [...value];
    return { key: this.key, value: this.isSensitive ? "(sensitive)" : shown, flags: this.flags.toString() };
  }

  toString(): string {
    return JSON.stringify(this);
  }

  [INSPECT](): unknown {
    return this.toJSON();
  }
}

/** How a user writes an entry: a bare value, or one with flags. */
export type MetadataInit =
  | Metadata
  | Readonly<
      Record<
        string,
        | MetadataValue
        | { readonly value: MetadataValue; readonly sensitive?: boolean; readonly noPropagate?: boolean }
      >
    >
  | Iterable<MetadataEntry>;

/** A list of entries in order; keys are case-sensitive and may repeat. */
// r[impl rpc.metadata]
// r[impl rpc.metadata.keys]
export class Metadata implements Iterable<MetadataEntry> {
  static readonly EMPTY = new Metadata([]);
  readonly #entries: readonly MetadataEntry[];

  constructor(entries: readonly MetadataEntry[]) {
    this.#entries = entries;
  }

  /** @throws TypeError for a value that metadata cannot carry, RangeError for one out of range */
  static from(init: MetadataInit | undefined): Metadata {
    if (init === undefined) return Metadata.EMPTY;
    if (init instanceof Metadata) return init;
    if (Symbol.iterator in init) return new Metadata([...init].map(created));
    return new Metadata(
      Object.entries(init).map(([key, value]) => {
        if (typeof value !== "object" || value === null || isBytes(value)) {
          return created(new MetadataEntry(key, value));
        }
        const flags = (value.sensitive ? SENSITIVE : 0n) | (value.noPropagate ? NO_PROPAGATE : 0n);
        return created(new MetadataEntry(key, value.value, flags));
      }),
    );
  }

  get size(): number {
    return this.#entries.length;
  }

  [Symbol.iterator](): Iterator<MetadataEntry> {
    return this.#entries[Symbol.iterator]();
  }

  /** The first value under the key. */
  get(key: string): MetadataValue | undefined {
    return this.#entries.find((entry) => entry.key === key)?.value;
  }

  /** All values under the key, in order. */
  // r[impl rpc.metadata.duplicates]
  getAll(key: string): MetadataValue[] {
    return this.#entries.filter((entry) => entry.key === key).map((entry) => entry.value);
  }

  with(...entries: readonly MetadataEntry[]): Metadata {
    return entries.length === 0 ? this : new Metadata([...this.#entries, ...entries]);
  }

  /** What may go on to the next peer, its flags unchanged. */
  // r[impl rpc.metadata.flags.no-propagate]
  forwarded(): Metadata {
    const kept = this.#entries.filter((entry) => entry.mayPropagate);
    return kept.length === this.#entries.length ? this : new Metadata(kept);
  }

  toJSON(): unknown {
    return this.#entries.map((entry) => entry.toJSON());
  }

  [INSPECT](): unknown {
    return this.toJSON();
  }
}

/** An entry made here: only the two known flags may be set. */
// r[impl rpc.metadata.flags]
function created(entry: MetadataEntry): MetadataEntry {
  const { key, value, flags } = entry;
  if (flags < 0n || flags > MAX_FLAGS) throw new RangeError(`metadata ${key}: flags are 64 bits`);
  if (typeof value === "bigint") {
    if (value < 0n || value > MAX_U64) throw new RangeError(`metadata ${key}: the value is not a u64`);
  } else if (typeof value !== "string" && !isBytes(value)) {
    throw new TypeError(`metadata ${key}: a value is a string, a Uint8Array or a bigint`);
  }
  if ((flags & ~(SENSITIVE | NO_PROPAGATE)) !== 0n) throw new RangeError(`metadata ${key}: unknown flags`);
  return entry;
}

/**
 * Refuses metadata above the limits, before it is sent or acted upon.
 *
 * @throws RoamError `too-large`
 */
export function checkMetadata(
  metadata: Metadata,
  limits: { readonly maxMetadataBytes: number; readonly maxMetadataEntries: number },
): void {
  if (metadata.size === 0) return;
  if (metadata.size > limits.maxMetadataEntries) {
    throw new RoamError(
      "too-large",
      `${metadata.size} metadata entries, at most ${limits.maxMetadataEntries} are taken`,
    );
  }
  let bytes = 0;
  for (const { key, value } of metadata) {
    // A UTF-16 unit takes up to three bytes; for the limit the length in units is near enough
    // from below, so texts are counted at that and a wide one may pass at three times its size.
    bytes += key.length + (typeof value === "bigint" ? 10 : value.length);
  }
  if (bytes > limits.maxMetadataBytes) {
    throw new RoamError(
      "too-large",
      `${bytes} bytes of metadata, at most ${limits.maxMetadataBytes} are taken`,
    );
  }
}
