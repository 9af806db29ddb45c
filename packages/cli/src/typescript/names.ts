import { kebabCase, type SchemaDocument } from "roam/schema";

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** Words that cannot name a constant or a type of a module. */
const KEYWORDS =
  `arguments await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package
  private protected public return static super switch this throw true try typeof var void while with yield
  any asserts bigint boolean declare never number object string symbol undefined unknown`.split(/\s+/);

/** What the text of modules means by these words. */
const IN_USE =
  "Docs Infer Map Object Rx Schema Set Tx Uint8Array codecs docs knownIds method t typeDocs withCodecs".split(
    " ",
  );

/** The names of a document's things in TypeScript. */
export interface Names {
  /** Service to the name of its constant. */
  readonly services: ReadonlyMap<string, string>;
  /** Key of a type to the name of its constant and of its values' type. */
  readonly types: ReadonlyMap<string, string>;
}

/** Names that are unique in the whole document, whatever file they stand in. */
export function namesOf({ services, types }: SchemaDocument): Names {
  const taken = new Set([...KEYWORDS, ...IN_USE]);
  const take = (wanted: string, suffix: string) => {
    let name = wanted;
    for (let count = 1; taken.has(name); count++) name = `${wanted}${suffix}${count === 1 ? "" : count}`;
    taken.add(name);
    return name;
  };
  const constants = new Map(services.map(({ name }) => [name, take(identifier(name), "Service")]));
  // Those that need no change come first.
  const keys = Object.keys(types).sort((a, b) => Number(isIdentifier(b)) - Number(isIdentifier(a)));
  return { services: constants, types: new Map(keys.map((key) => [key, take(identifier(key), "Type")])) };
}

/** A key as a name: `Page<Invoice>` is `PageInvoice`. */
export function identifier(text: string): string {
  if (isIdentifier(text)) return text;
  const words = text.split(/[^\p{ID_Continue}]+/u).filter((word) => word !== "");
  const name = words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join("");
  return isIdentifier(name) ? name : `_${name}`;
}

export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/**
 * Methods under camelCase names, in order. One keeps its own name where the other would not have
 * the same id, or is taken.
 */
export function methodNames(names: readonly string[]): string[] {
  const camel = names.map(camelCase);
  return names.map((name, index) => {
    const wanted = camel[index] as string;
    const isFree = camel.indexOf(wanted) === index && (wanted === name || !names.includes(wanted));
    return isFree && kebabCase(wanted) === kebabCase(name) ? wanted : name;
  });
}

function camelCase(name: string): string {
  // With a method `then` a client would be taken for a promise.
  if (name === "then") return "then_";
  if (/^[\p{L}\p{N}]*$/u.test(name)) return name;
  const [first = "", ...rest] = kebabCase(name).split("-");
  return first + rest.map((word) => word.replace(/^./u, (letter) => letter.toUpperCase())).join("");
}

/** A name as a property of an object literal or of a type. */
export function propertyName(name: string): string {
  // The literal `__proto__: x` would set the prototype.
  if (name === "__proto__") return '["__proto__"]';
  return isIdentifier(name) ? name : JSON.stringify(name);
}
