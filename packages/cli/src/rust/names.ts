import type { CrateSource } from "./crates.ts";
import { Unknowable } from "./finding.ts";
import type { Crate, Item, Module, Use, Visibility } from "./modules.ts";
import { PRIMITIVES, stdType } from "./std-types.ts";

/** What a path comes to. */
export type Meaning =
  | { readonly kind: "item"; readonly item: Item }
  | { readonly kind: "module"; readonly module: Module }
  /** Of the standard library, by its path there: `vec::Vec`. */
  | { readonly kind: "std"; readonly path: string }
  /** Of a crate whose sources are not here, by the crate's own name: `uuid::Uuid`. */
  | { readonly kind: "foreign"; readonly crate: string; readonly path: string };

type Space = "types" | "values";

/** An import of everything, and what it leads to; an error if only a build can decide about that. */
interface Glob {
  readonly use: Use;
  readonly target: Meaning | Unknowable;
}

/** In scope everywhere, unless something nearer has the name. */
const PRELUDE: Readonly<Record<string, string>> = {
  Vec: "vec::Vec",
  String: "string::String",
  Option: "option::Option",
  Result: "result::Result",
  Box: "boxed::Box",
};

/** What no crate is called. */
const WORDS = new Set(["self", "super", "crate"]);

const STD = new Set(["std", "core", "alloc"]);

/** Finds what names stand for, as the compiler does: nearer names before farther ones. */
export class Names {
  readonly #crates: ReadonlyMap<CrateSource, Crate>;
  readonly #stated: ReadonlySet<string>;
  /** By the modules that they stand in. */
  #globs: Map<Module, Glob[]> | undefined;

  /** @param stated paths of foreign types that the user tells about */
  constructor(crates: ReadonlyMap<CrateSource, Crate>, stated: Iterable<string> = []) {
    this.#crates = crates;
    this.#stated = new Set(stated);
  }

  /**
   * @param segments of a path as it stands in `module`
   * @returns undefined if there is nothing of that name
   * @throws Unknowable for a name that only a build can decide about
   */
  resolve(segments: readonly string[], module: Module, space: Space = "types"): Meaning | undefined {
    return this.#path(segments, module, { space, seen: new Map() });
  }

  #path(segments: readonly string[], from: Module, walk: Walk): Meaning | undefined {
    const [first = "", ...rest] = segments;
    const isWhole = rest.length === 0;
    let at: Meaning | undefined;
    if (first === "") {
      const [crate = "", ...inner] = rest;
      at = this.#external(crate, from.crate);
      return at && this.#members(at, inner, from, walk);
    }
    if (first === "crate" || first === "$crate") at = { kind: "module", module: from.crate.root };
    else if (first === "self") at = { kind: "module", module: from };
    else if (first === "super") {
      at = from.parent === undefined ? undefined : { kind: "module", module: from.parent };
    } else at = this.#inScope(first, from, isWhole ? walk : { ...walk, space: "types" });
    return at && this.#members(at, rest, from, walk);
  }

  #members(start: Meaning, segments: readonly string[], from: Module, walk: Walk): Meaning | undefined {
    let at: Meaning | undefined = start;
    for (const [index, segment] of segments.entries()) {
      if (at === undefined) return undefined;
      const isLast = index === segments.length - 1;
      if (at.kind === "std") at = { kind: "std", path: joined(at.path, segment) };
      else if (at.kind === "foreign") at = { ...at, path: joined(at.path, segment) };
      else if (at.kind === "item") return undefined;
      else if (segment === "super") at = at.module.parent && { kind: "module", module: at.module.parent };
      else if (segment !== "self") {
        at = this.#member(segment, at.module, from, isLast ? walk : { ...walk, space: "types" });
      }
    }
    return at;
  }

  #inScope(name: string, module: Module, walk: Walk): Meaning | undefined {
    return (
      this.#member(name, module, module, walk) ??
      (walk.space === "types" ? (this.#external(name, module.crate) ?? prelude(name)) : undefined)
    );
  }

  /** What a module has under a name, for one who looks at it from another. */
  #member(name: string, module: Module, from: Module, walk: Walk): Meaning | undefined {
    const key = `${walk.space} ${name} ${keyOf(module)} ${keyOf(from)}`;
    if (walk.seen.has(key)) return walk.seen.get(key);
    walk.seen.set(key, undefined);
    const meaning = this.#declared(name, module, from, walk) ?? this.#imported(name, module, from, walk);
    walk.seen.set(key, meaning);
    return meaning;
  }

  #declared(name: string, module: Module, from: Module, { space }: Walk): Meaning | undefined {
    const items = (module.items.get(name) ?? []).filter((item) => spaceOf(item) === space);
    const [item] = items.filter(({ visibility }) => canSee(visibility, from));
    if (item === undefined) return undefined;
    if (item.inner !== undefined) return { kind: "module", module: item.inner };
    const condition = item.condition ?? item.module.condition;
    if (condition !== undefined) {
      throw new Unknowable(item, `whether ${name} is there depends on ${condition.node.text}`, STATE_TYPE);
    }
    return { kind: "item", item };
  }

  #imported(name: string, module: Module, from: Module, walk: Walk): Meaning | undefined {
    const uses = module.uses.filter(({ visibility }) => canSee(visibility, from));
    const [named] = uses.filter((use) => use.name === name);
    if (named !== undefined) {
      const meaning = this.#useTarget(named, module, walk);
      if (meaning !== undefined && named.condition !== undefined) {
        throw new Unknowable(
          named.place,
          `what ${name} is depends on ${named.condition.node.text}`,
          STATE_TYPE,
        );
      }
      if (meaning !== undefined) return meaning;
    }
    for (const { use, target } of this.#globsOf(module)) {
      if (!canSee(use.visibility, from)) continue;
      if (target instanceof Unknowable) throw target;
      const found =
        target.kind === "module"
          ? this.#member(name, target.module, module, walk)
          : this.#knownOutside(target, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** As far as they are known, while they are being found. */
  #globsOf(module: Module): readonly Glob[] {
    if (this.#globs === undefined) {
      this.#globs = new Map();
      this.#findGlobs(this.#globs);
    }
    return this.#globs.get(module) ?? [];
  }

  /** One may lead through another, so all are tried until no more are found, as the compiler does. */
  #findGlobs(found: Map<Module, Glob[]>): void {
    const modules = [...this.#crates.values()].flatMap((crate) => crate.modules);
    let left = modules.flatMap((module) =>
      module.uses.filter(({ name }) => name === undefined).map((use) => ({ module, use })),
    );
    for (let before = 0; left.length !== before; ) {
      before = left.length;
      left = left.filter(({ module, use }) => {
        const target = this.#globTarget(use, module);
        if (target === undefined) return true;
        found.set(module, [...(found.get(module) ?? []), { use, target }]);
        return false;
      });
    }
  }

  #globTarget(use: Use, module: Module): Meaning | Unknowable | undefined {
    try {
      return this.#useTarget(use, module, { space: "types", seen: new Map() });
    } catch (error) {
      if (error instanceof Unknowable) return error;
      throw error;
    }
  }

  /** What a glob brings from outside: what is known to be there, for the rest is not to be seen. */
  #knownOutside(target: Meaning, name: string): Meaning | undefined {
    if (target.kind === "std") {
      const path = joined(target.path, name);
      return stdType(path) === undefined ? undefined : { kind: "std", path };
    }
    if (target.kind !== "foreign") return undefined;
    const path = joined(target.path, name);
    const isKnown =
      this.#stated.has(`${target.crate}::${path}`) ||
      (/^roam(_|$)/.test(target.crate) && /^(Tx|Rx|service)$/.test(path)) ||
      (/^facet(_|$)/.test(target.crate) && path === "Facet");
    return isKnown ? { ...target, path } : undefined;
  }

  #useTarget({ path }: Use, module: Module, walk: Walk): Meaning | undefined {
    // An import does not lead to itself: `use billing;` means the crate.
    return this.#path(path, module, walk) ?? this.#fromCrate(path, module, walk);
  }

  #fromCrate([first = "", ...rest]: readonly string[], module: Module, walk: Walk): Meaning | undefined {
    const crate = this.#external(first, module.crate);
    return crate && this.#members(crate, rest, module, walk);
  }

  /** A crate by the name that it has in another. */
  #external(name: string, crate: Crate): Meaning | undefined {
    const alias = crate.aliases.get(name);
    if (alias === "self") return { kind: "module", module: crate.root };
    const real = alias ?? name;
    if (STD.has(real)) return { kind: "std", path: "" };
    const dependency = crate.source.dependencies.get(real);
    if (typeof dependency === "string") return { kind: "foreign", crate: dependency, path: "" };
    if (dependency !== undefined) {
      const read = this.#crates.get(dependency);
      return read && { kind: "module", module: read.root };
    }
    // Without a manifest nobody says which crates there are.
    // A manifest that forgets roam does not compile, and still its services are to be seen.
    const isKnown = crate.source.dependencies.size > 0 && real !== "roam";
    const isCrate = /^[a-z_][a-z\d_]*$/.test(real) && !WORDS.has(real) && !PRIMITIVES.has(real);
    return isKnown || !isCrate ? undefined : { kind: "foreign", crate: real, path: "" };
  }
}

export const STATE_TYPE = "state the type with --types FILE, or take the condition away";

interface Walk {
  readonly space: Space;
  /** What came of names looked up before; nothing, as yet, of those being looked up. */
  readonly seen: Map<string, Meaning | undefined>;
}

function keyOf({ id, crate }: Module): string {
  return `${id} ${crate.source.rootFile}`;
}

function spaceOf({ kind }: Item): Space {
  return kind === "const" || kind === "other" ? "values" : "types";
}

function joined(path: string, segment: string): string {
  return path === "" ? segment : `${path}::${segment}`;
}

function prelude(name: string): Meaning | undefined {
  if (Object.hasOwn(PRELUDE, name)) return { kind: "std", path: PRELUDE[name] as string };
  return undefined;
}

function canSee(visibility: Visibility, from: Module): boolean {
  if (visibility === "all") return true;
  if ("modules" in visibility) return from.crate === visibility;
  for (let at: Module | undefined = from; at !== undefined; at = at.parent)
    if (at === visibility) return true;
  return false;
}
