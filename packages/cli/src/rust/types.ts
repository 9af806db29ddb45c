import type { DescribedField, DescribedType, DescribedVariant, TypeRef } from "roam/schema";
import type { Node } from "../tree-sitter.ts";
import { attributesOf, facetWords, inFrontOf, listed, plainName } from "./attributes.ts";
import { Constants } from "./constants.ts";
import { docOf } from "./docs.ts";
import { exactType, POINTER, type TypeSource } from "./exact-type.ts";
import { type Place, Unknowable } from "./finding.ts";
import { type ForeignTypes, withArguments } from "./foreign-types.ts";
import { argumentsOf, parametersOf, pathOf } from "./generics.ts";
import { type Item, type Module, segmentsOf } from "./modules.ts";
import { type Meaning, type Names, STATE_TYPE } from "./names.ts";
import type { Scope } from "./scope.ts";
import { PRIMITIVES, stdType } from "./std-types.ts";
import { typeText } from "./type-text.ts";
import { isThere, refuseWords } from "./unsaid.ts";

/** Initial credit of a channel that does not state one. */
const DEFAULT_CREDIT = 16;
/** Types that need ever larger ones of their own kind end here. */
const MAX_DEPTH = 128;

type Body = DescribedType extends infer T ? (T extends unknown ? Omit<T, "name" | "doc"> : never) : never;

/** A generic argument: a type, or a number, whichever the parameter wants. */
type Argument = Place;

/** Makes types of a document out of types as they are written. */
export class Types {
  readonly #names: Names;
  readonly #constants: Constants;
  readonly #foreign: ForeignTypes;
  readonly #described = new Map<string, DescribedType>();
  /** By item and arguments. */
  readonly #keys = new Map<Item | string, Map<string, string>>();
  readonly #failed = new Map<string, Unknowable>();
  /** Macros that may have made a type which is not there, and that type. */
  readonly suspects = new Map<Place, string>();
  /** Types with attributes of other crates, which may rewrite them. */
  readonly changed = new Map<Item, string>();

  readonly #source: TypeSource = {
    of: (node, scope) => this.#of(node, scope),
    resolve: (segments, module) => this.#names.resolve(segments, module),
    inside: (item, args, scope, place) => this.#parameters(item, args, scope, place),
  };

  constructor(names: Names, foreign: ForeignTypes) {
    this.#names = names;
    this.#constants = new Constants(names);
    this.#foreign = foreign;
  }

  get described(): ReadonlyMap<string, DescribedType> {
    return this.#described;
  }

  /** Why a type that was begun is not there. */
  failureOf(key: string): Unknowable | undefined {
    return this.#failed.get(key);
  }

  /**
   * A type as a signature writes it.
   *
   * @throws Unknowable with the place that says why
   */
  inSignature(place: Place, module: Module): TypeRef {
    return this.#of(place.node, {
      module,
      file: place.file,
      types: new Map(),
      exact: new Map(),
      numbers: new Map(),
      depth: 0,
      aliases: new Set(),
    });
  }

  #of(node: Node, scope: Scope): TypeRef {
    const { file } = scope;
    const place = { file, node };
    switch (node.type) {
      case "unit_type":
        return "unit";
      case "primitive_type":
      case "type_identifier":
      case "identifier":
      case "scoped_type_identifier":
      case "generic_type":
        return this.#path(node, scope);
      case "reference_type":
        return this.#of(required(node, "type", place), scope);
      case "tuple_type": {
        const items = node.namedChildren.filter((one) => one !== null && !/comment/.test(one.type)) as Node[];
        const [only] = items;
        // To the macro, which reads signatures, parentheses make a tuple; to Rust they do not.
        const isTuple =
          scope.depth === 0 || items.length !== 1 || node.children.some((one) => one?.type === ",");
        if (only !== undefined && !isTuple) return this.#of(only, scope);
        return { tuple: items.map((item) => this.#of(item, scope)) };
      }
      case "array_type":
        return this.#array(node, scope);
      case "parenthesized_type":
      case "bracketed_type":
        return this.#of(node.namedChild(0) ?? node, scope);
      case "macro_invocation":
        throw new Unknowable(place, `a macro makes this type: ${node.text}`, WRITE_TYPE);
      default:
        throw new Unknowable(place, `${node.text} cannot be sent`, NAMED_ONLY);
    }
  }

  #array(node: Node, scope: Scope): TypeRef {
    const place = { file: scope.file, node };
    const element = required(node, "element", place);
    const length = node.childForFieldName("length");
    const item = this.#of(element, scope);
    if (length === null) return item === "u8" ? "byteSlice" : { slice: item };
    const at = { file: scope.file, node: length };
    return { array: item, length: this.#constants.value(at, scope.module, scope.numbers) };
  }

  #path(node: Node, scope: Scope): TypeRef {
    const place = { file: scope.file, node };
    const segments = segmentsOf(node);
    const [first = ""] = segments;
    const parameter = segments.length === 1 ? scope.types.get(first) : undefined;
    if (parameter !== undefined) return parameter;
    if (/</.test(node.childForFieldName("path")?.text ?? "")) {
      throw new Unknowable(place, `${node.text} is known to the compiler only`, WRITE_TYPE);
    }
    const meaning = this.#names.resolve(segments, scope.module);
    const args = argumentsOf(node, scope.file);
    if (meaning === undefined) {
      if (segments.length === 1 && PRIMITIVES.has(first)) return primitive(first);
      throw this.#missing(segments, scope.module, place);
    }
    switch (meaning.kind) {
      case "item":
        return this.#item(meaning.item, args, scope, place);
      case "std":
        return this.#std(meaning.path, args, scope, place);
      case "foreign":
        return this.#outside(meaning, args, scope, place);
      case "module":
        throw new Unknowable(place, `${node.text} is a module`);
    }
  }

  #missing(segments: readonly string[], module: Module, place: Place): Unknowable {
    const name = segments.join("::");
    const within = segments.length === 1 ? undefined : this.#names.resolve(segments.slice(0, -1), module);
    const { macros } = within?.kind === "module" ? within.module : module;
    for (const macro of macros) this.suspects.set(macro, name);
    const hint = macros.length === 0 ? STATE_TYPE : WRITE_TYPE;
    return new Unknowable(place, `there is no type ${name} here`, hint);
  }

  #std(path: string, args: readonly Argument[], scope: Scope, place: Place): TypeRef {
    const stated = this.#stated(`std::${path}`, args, scope, place);
    if (stated !== undefined) return stated;
    const type = stdType(path);
    const arg = (index: number): TypeRef => {
      const given = args[index];
      if (given === undefined) throw new Unknowable(place, `${place.node.text} needs ${index + 1} types`);
      return this.#of(given.node, { ...scope, file: given.file });
    };
    switch (type) {
      case undefined:
        throw new Unknowable(place, `facet cannot send std::${path}`, STATE_TYPE);
      case "primitive":
        return primitive(path.replace("primitive::", ""));
      case "pointer":
        return arg(0);
      case "list":
        return this.#list(arg(0), args[0] as Argument, scope);
      case "result":
        return { result: [arg(0), arg(1)] };
      case "map":
        return { map: [arg(0), arg(1)] };
      case "option":
      case "set":
        return { [type]: arg(0) } as TypeRef;
      case "string":
        return "string";
      // Hashed as unit, sent as text.
      case "duration":
        return {
          ref: this.#key("std::time::Duration", "Duration", [], () => ({ kind: "opaque", inner: "string" })),
        };
      case "range": {
        const type = arg(0);
        const fields = ["start", "end"].map((name) => ({ name, type }));
        return {
          ref: this.#key("std::ops::Range", "Range", [typeText(type)], () => ({ kind: "struct", fields })),
        };
      }
      case "infallible":
        return {
          ref: this.#key("std::convert::Infallible", "Infallible", [], () => ({ kind: "unitStruct" })),
        };
    }
  }

  /** To 7.3 a list of pointers to u8 is a list, and one of u8 is bytes. */
  #list(item: TypeRef, { node, file }: Argument, scope: Scope): TypeRef {
    if (item !== "u8") return { list: item };
    const isPointer = POINTER.test(exactType(node, { ...scope, file }, this.#source));
    return isPointer ? "byteSlice" : "bytes";
  }

  #outside(
    { crate, path }: Extract<Meaning, { kind: "foreign" }>,
    args: readonly Argument[],
    scope: Scope,
    place: Place,
  ): TypeRef {
    const stated = this.#stated(`${crate}::${path}`, args, scope, place);
    if (stated !== undefined) return stated;
    const name = path.split("::").at(-1);
    if (/^roam(_|$)/.test(crate) && (name === "Tx" || name === "Rx"))
      return this.#channel(name, args, scope, place);
    const hint = `state it with --types FILE: { "${crate}::${path}": { "kind": "opaque", "inner": "string" } }, or what it is`;
    throw new Unknowable(place, `${crate}::${path} is of a crate whose sources are not here`, hint);
  }

  #channel(name: "Tx" | "Rx", args: readonly Argument[], scope: Scope, place: Place): TypeRef {
    const [item, count] = args;
    if (item === undefined) throw new Unknowable(place, `${place.node.text} says nothing of its items`);
    const type = this.#of(item.node, { ...scope, file: item.file });
    const credit =
      count === undefined ? DEFAULT_CREDIT : this.#constants.value(count, scope.module, scope.numbers);
    return name === "Tx" ? { tx: type, credit } : { rx: type, credit };
  }

  /** What the user states about a type. */
  #stated(path: string, args: readonly Argument[], scope: Scope, place: Place): TypeRef | undefined {
    if (!Object.hasOwn(this.#foreign, path)) return undefined;
    const stated = this.#foreign[path] as ForeignTypes[string];
    const given = args.map(({ node, file }) => this.#of(node, { ...scope, file }));
    const type = this.#resolved(withArguments(stated, given), place);
    if (typeof type !== "object" || type === null || !("kind" in type)) return type as TypeRef;
    const name = path.split("::").at(-1) as string;
    return {
      ref: this.#key(
        path,
        name,
        given.map((arg) => typeText(arg)),
        () => type as Body,
      ),
    };
  }

  /** References in what the user states are paths of other types there. */
  #resolved(stated: unknown, place: Place): unknown {
    if (Array.isArray(stated)) return stated.map((part) => this.#resolved(part, place));
    if (typeof stated !== "object" || stated === null) return stated;
    const { ref } = stated as { ref?: unknown };
    if (typeof ref === "string" && Object.hasOwn(this.#foreign, ref)) {
      const type = this.#foreign[ref] as ForeignTypes[string];
      if (typeof type !== "object" || !("kind" in type)) return type;
      const body = () => this.#resolved(type, place) as Body;
      return { ref: this.#key(ref, ref.split("::").at(-1) as string, [], body) };
    }
    return Object.fromEntries(
      Object.entries(stated).map(([key, part]) => [key, this.#resolved(part, place)]),
    );
  }

  #item(item: Item, args: readonly Argument[], scope: Scope, place: Place): TypeRef {
    if (scope.depth > MAX_DEPTH)
      throw new Unknowable(item, `${item.name} needs itself within itself for ever`);
    if (scope.aliases.has(item)) throw new Unknowable(place, `${item.name} stands for itself`);
    const own = pathOf(item);
    const stated = this.#stated(own, args, scope, place);
    if (stated !== undefined) return stated;
    const inner = this.#parameters(item, args, scope, place);
    switch (item.kind) {
      case "alias":
        return this.#of(required(item.node, "type", { file: item.file, node: item.node }), inner);
      case "struct":
      case "enum": {
        const { texts, identity } = inner;
        const body = (key: string) => this.#body(item, inner, key);
        return { ref: this.#key(item, item.name, texts, body, identity) };
      }
      default:
        throw new Unknowable(place, `${item.name} is no type that can be sent`);
    }
  }

  /** The scope inside an item: its parameters by what they stand for here. */
  #parameters(
    item: Item,
    args: readonly Argument[],
    scope: Scope,
    place: Place,
  ): Scope & { readonly texts: string[]; readonly identity: string[] } {
    const types = new Map<string, TypeRef>();
    const numbers = new Map<string, number>();
    const exact = new Map<string, string>();
    const texts: string[] = [];
    const identity: string[] = [];
    const aliases = item.kind === "alias" ? new Set(scope.aliases).add(item) : new Set<Item>();
    const depth = scope.depth + 1;
    const inner = { module: item.module, file: item.file, types, exact, numbers, depth, aliases };
    let next = 0;
    for (const parameter of parametersOf(item.node)) {
      const given = args[next++];
      const { name, isNumber, preset } = parameter;
      const value = given ?? (preset && { file: item.file, node: preset });
      if (value === undefined) throw new Unknowable(place, `${item.name} needs ${name}`);
      // What is given is written here, a default where the item is.
      const where = given === undefined ? inner : { ...scope, file: value.file };
      if (isNumber) {
        const number = this.#constants.value(value, where.module, where.numbers);
        numbers.set(name, number);
        texts.push(String(number));
        identity.push(String(number));
      } else {
        const type = this.#of(value.node, where);
        types.set(name, type);
        texts.push(typeText(type));
        exact.set(name, exactType(value.node, where, this.#source));
        identity.push(exact.get(name) as string);
      }
    }
    return { ...inner, texts, identity };
  }

  /** The key of a named type, which is described when first met. */
  #key(
    identity: Item | string,
    name: string,
    texts: readonly string[],
    body: (key: string) => Body,
    exact: readonly string[] = texts,
  ): string {
    const args = texts.length === 0 ? "" : `<${texts.join(", ")}>`;
    const instance = exact.join(", ");
    const known = this.#keys.get(identity) ?? new Map<string, string>();
    this.#keys.set(identity, known);
    const key = known.get(instance);
    if (key !== undefined) {
      const failure = this.#failed.get(key);
      if (failure !== undefined) throw failure;
      return key;
    }
    const fresh = this.#freeKey(identity, `${name}${args}`);
    known.set(instance, fresh);
    const doc = typeof identity === "string" ? {} : docOf(identity.front);
    // Holds its place, ahead of those inside it.
    this.#described.set(fresh, { name, kind: "unitStruct" });
    try {
      this.#described.set(fresh, { name, ...doc, ...body(fresh) } as DescribedType);
    } catch (error) {
      this.#described.delete(fresh);
      if (error instanceof Unknowable) this.#failed.set(fresh, error);
      throw error;
    }
    return fresh;
  }

  /** With as many modules in front as tell it from others of the name. */
  #freeKey(identity: Item | string, name: string): string {
    const isFree = (key: string) => !this.#described.has(key) && !this.#failed.has(key);
    if (isFree(name)) return name;
    const modules = (typeof identity === "string" ? identity : pathOf(identity)).split("::").slice(0, -1);
    let key = name;
    while (!isFree(key) && modules.length > 0) key = `${modules.pop()}::${key}`;
    for (let count = 2; !isFree(key); count++) key = `${name}${count}`;
    return key;
  }

  #body(item: Item, scope: Scope, key: string): Body {
    const place = { file: item.file, node: item.node };
    const words = facetWords(item.attributes);
    const isUncertain = item.attributes.find(
      ({ path, args }) => path === "cfg_attr" && /\bfacet\s*[(]/.test(args),
    );
    if (isUncertain !== undefined) {
      throw new Unknowable(
        item,
        `what facet is told of ${item.name} depends on ${isUncertain.node.text}`,
        STATE_TYPE,
      );
    }
    if (!this.#derivesFacet(item)) {
      throw new Unknowable(
        item,
        `${item.name} does not derive Facet, so that its shape is not to be seen`,
        STATE_TYPE,
      );
    }
    refuseWords(words, `type ${item.name}`, place);
    const changing = item.attributes.find(({ path }) => /^(?!rustfmt|clippy|diagnostic)\w+::/.test(path));
    if (changing !== undefined) this.changed.set(item, changing.path);
    const self = new Map(scope.types).set("Self", { ref: key });
    const inner = { ...scope, types: self };
    const isTransparent = words.includes("transparent") || hasRepr(item, "transparent");
    if (item.kind === "enum") return { kind: "enum", variants: this.#variants(item, inner) };
    const body = item.node.childForFieldName("body");
    if (body === null) return { kind: "unitStruct" };
    if (body.type === "field_declaration_list") {
      const fields = this.#fields(body, inner);
      const [only] = fields;
      if (isTransparent && fields.length === 1 && only !== undefined) {
        return { kind: "transparent", inner: only.type };
      }
      return { kind: "struct", fields };
    }
    const items = this.#items(body, inner);
    const [only] = items;
    if (items.length !== 1 || only === undefined) return { kind: "tupleStruct", items };
    return { kind: isTransparent ? "transparent" : "newtype", inner: only };
  }

  #derivesFacet({ attributes, module }: Item): boolean {
    return attributes.some(({ path, args }) => {
      if (path === "cfg_attr") return /\bderive\b[\s\S]*\bFacet\b/.test(args);
      if (path !== "derive") return false;
      return listed(args).some((text) => {
        const segments = text.split("::").map((segment) => plainName(segment.trim()));
        if (segments.at(-1) === "Facet") return true;
        const meaning = this.#names.resolve(segments, module);
        return meaning?.kind === "foreign" && /^facet(_|$)/.test(meaning.crate) && meaning.path === "Facet";
      });
    });
  }

  #fields(body: Node, scope: Scope): DescribedField[] {
    return body.namedChildren.flatMap((node): DescribedField[] => {
      if (node?.type !== "field_declaration") return [];
      const front = inFrontOf(node);
      const name = plainName(node.childForFieldName("name")?.text ?? "");
      const place = { file: scope.file, node };
      if (!isThere(front, `field ${name}`, place)) return [];
      refuseWords(facetWords(attributesOf(front)), `field ${name}`, place);
      return [{ name, ...docOf(front), type: this.#of(required(node, "type", place), scope) }];
    });
  }

  /** Types of unnamed fields. */
  #items(body: Node, scope: Scope): TypeRef[] {
    return body.namedChildren.flatMap((node): TypeRef[] => {
      if (node === null || /comment|attribute_item|visibility_modifier/.test(node.type)) return [];
      const front = inFrontOf(node);
      const place = { file: scope.file, node };
      if (!isThere(front, "a field", place)) return [];
      refuseWords(facetWords(attributesOf(front)), "a field", place);
      return [this.#of(node, scope)];
    });
  }

  #variants(item: Item, scope: Scope): DescribedVariant[] {
    const body = item.node.childForFieldName("body");
    return (body?.namedChildren ?? []).flatMap((node): DescribedVariant[] => {
      if (node?.type !== "enum_variant") return [];
      const front = inFrontOf(node);
      const name = plainName(node.childForFieldName("name")?.text ?? "");
      const place = { file: scope.file, node };
      if (!isThere(front, `variant ${name}`, place)) return [];
      refuseWords(facetWords(attributesOf(front)), `variant ${name}`, place);
      const named = { name, ...docOf(front) };
      const inner = node.childForFieldName("body");
      if (inner === null) return [named];
      if (inner.type === "field_declaration_list") return [{ ...named, fields: this.#fields(inner, scope) }];
      const items = this.#items(inner, scope);
      const [only] = items;
      return items.length === 1 && only !== undefined ? [{ ...named, item: only }] : [{ ...named, items }];
    });
  }
}

const WRITE_TYPE = "write the type itself, or state it with --types FILE";
const NAMED_ONLY = "use a struct, an enum or a type of the standard library";

/** To facet a struct that is transparent in memory is transparent. */
function hasRepr({ attributes }: Item, word: string): boolean {
  return attributes.some(({ path, args }) => path === "repr" && listed(args).includes(word));
}

function primitive(name: string): TypeRef {
  return name === "str" ? "string" : (name as TypeRef);
}

function required(node: Node, field: string, place: Place): Node {
  const child = node.childForFieldName(field);
  if (child === null) throw new Unknowable(place, `cannot make sense of ${node.text}`);
  return child;
}
