import { kebabCase } from "roam/schema";

const KEYWORDS = new Set(
  `abstract as async await become box break const continue do dyn else enum extern false final fn for gen if
  impl in let loop macro match mod move mut override priv pub ref return static struct trait true try type
  typeof unsafe unsized use virtual where while yield`.split(/\s+/),
);
/** Keywords that even `r#` makes no names of. */
const NEVER_NAMES = new Set(["self", "Self", "super", "crate", "_"]);

/** What the text of modules means by these words. */
const IN_USE =
  `BTreeMap BTreeSet Box Err Facet None Ok Option Result Rx Some String Tx Vec bool char f32 f64 facet i128 i16
  i32 i64 i8 isize roam std str u128 u16 u32 u64 u8 usize`.split(/\s+/);

/** Names that are given out once. */
export class TakenNames {
  readonly #taken = new Set<string>([...KEYWORDS, ...NEVER_NAMES, ...IN_USE]);

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  take(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}${count}`;
    this.#taken.add(name);
    return name;
  }
}

/**
 * A name that is hashed as it stands: of a field or a variant.
 *
 * @returns undefined if Rust has no such name
 */
export function hashedName(name: string): string | undefined {
  if (!isIdentifier(name) || NEVER_NAMES.has(name) || name !== name.normalize("NFC")) return undefined;
  return KEYWORDS.has(name) ? `r#${name}` : name;
}

/**
 * The name of a method: what the service macro calls its function.
 *
 * @returns undefined if that would be a keyword, or no name
 */
export function methodName(name: string): string | undefined {
  const snake = snakeCase(name);
  const isName = isIdentifier(snake) && !KEYWORDS.has(snake) && !NEVER_NAMES.has(snake);
  return isName && kebabCase(snake) === kebabCase(name) ? snake : undefined;
}

/** The name of an argument, which is not hashed: as near to the original as the macro lets it be. */
export function argumentName(name: string, taken: Set<string>): string {
  let wanted = snakeCase(name.replace(/^r#/, "")).replace(/^(?=\d)/, "arg_") || "arg";
  // The macro has variables of these names where it uses arguments.
  if (NEVER_NAMES.has(wanted) || ["reply", "method_id"].includes(wanted)) wanted = `${wanted}_value`;
  let free = wanted;
  for (let count = 2; taken.has(free); count++) free = `${wanted}_${count}`;
  taken.add(free);
  return KEYWORDS.has(free) ? `r#${free}` : free;
}

/** The name of a trait: the service's own, or another of the same kebab case. */
export function traitName(name: string): string | undefined {
  const isName = (text: string) => isIdentifier(text) && !KEYWORDS.has(text) && !NEVER_NAMES.has(text);
  const wanted = name === name.normalize("NFC") && isName(name) ? name : pascalCase(name);
  return isName(wanted) && kebabCase(wanted) === kebabCase(name) ? wanted : undefined;
}

/** A key of a type as a name: `Page<Invoice>` is `PageInvoice`. */
export function typeName(key: string): string {
  if (isIdentifier(key)) return key.normalize("NFC");
  const words = key.split(/[^\p{XID_Continue}]+/u).filter((word) => word !== "");
  const name = words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join("");
  return isIdentifier(name) ? name : `T${name}`;
}

export function snakeCase(name: string): string {
  return kebabCase(name).replaceAll("-", "_");
}

export function pascalCase(name: string): string {
  return kebabCase(name).replace(/(?:^|-)(.)/gu, (_, letter: string) => letter.toUpperCase());
}

function isIdentifier(text: string): boolean {
  return /^(?:\p{XID_Start}|_(?=.))\p{XID_Continue}*$/u.test(text);
}
