import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Node, parse } from "../tree-sitter.ts";
import { type Attribute, attributesOf, inFrontOf, plainName, presence } from "./attributes.ts";
import type { CrateSource } from "./crates.ts";
import { type Finding, findingAt, type Place } from "./finding.ts";
import { stringValue } from "./string-value.ts";
import { syntaxErrors } from "./syntax-errors.ts";

/** How far a name can be seen: from everywhere, in its crate, or within a module. */
export type Visibility = "all" | Crate | Module;

/** Something that a module declares under a name. */
export interface Item extends Place {
  readonly kind: "struct" | "enum" | "alias" | "trait" | "const" | "module" | "other";
  readonly name: string;
  readonly module: Module;
  readonly visibility: Visibility;
  readonly attributes: readonly Attribute[];
  /** Attributes and comments in front of it. */
  readonly front: readonly Node[];
  /** A `cfg` that only a build can decide. */
  readonly condition: Attribute | undefined;
  /** Of a module. */
  readonly inner?: Module;
}

/** `use path as name`, or `use path::*`. */
export interface Use {
  /** Undefined for all of them. */
  readonly name: string | undefined;
  readonly path: readonly string[];
  readonly visibility: Visibility;
  readonly place: Place;
  readonly condition: Attribute | undefined;
}

/** A module, with what stands in it. */
export interface Module {
  /** Unique in its crate. */
  readonly id: number;
  readonly crate: Crate;
  readonly parent: Module | undefined;
  readonly name: string;
  readonly file: string;
  readonly items: Map<string, Item[]>;
  readonly uses: Use[];
  /** `impl Type { … }` without a trait. */
  readonly impls: Place[];
  /** Macros that stand for items. */
  readonly macros: Place[];
  /** A `cfg` of itself or of what it is in. */
  readonly condition: Attribute | undefined;
}

export interface Crate {
  readonly source: CrateSource;
  readonly name: string;
  root: Module;
  /** `extern crate a as b`. */
  readonly aliases: Map<string, string>;
  /** Every module, outer ones first. */
  readonly modules: Module[];
  /** Texts of `macro_rules!` by name. */
  readonly macroRules: Map<string, string>;
}

/** Reads the modules of a crate, each file once. */
export async function readCrate(source: CrateSource, files: string[], findings: Finding[]): Promise<Crate> {
  const crate = {
    source,
    name: source.name,
    aliases: new Map<string, string>(),
    modules: [],
    macroRules: new Map<string, string>(),
  } as unknown as Crate;
  const reader = new ModuleReader(crate, files, findings);
  crate.root = await reader.root(source.rootFile);
  for (const file of source.looseFiles) await reader.loose(file);
  return crate;
}

class ModuleReader {
  readonly #crate: Crate;
  readonly #files: string[];
  readonly #findings: Finding[];
  readonly #read = new Set<string>();

  constructor(crate: Crate, files: string[], findings: Finding[]) {
    this.#crate = crate;
    this.#files = files;
    this.#findings = findings;
  }

  async root(file: string): Promise<Module> {
    const module = this.#module("", file, undefined, undefined);
    await this.#file(module, dirname(file));
    return module;
  }

  /** A file that no module mentions, as a module of the root. */
  async loose(file: string): Promise<void> {
    if (this.#read.has(file)) return;
    const { root } = this.#crate;
    const name = plainName(basename(file, ".rs"));
    const inner = this.#module(name, file, root, undefined);
    const known = root.items.get(name) ?? [];
    const node = await this.#file(inner, join(dirname(file), basename(file, ".rs")));
    if (node === undefined) return;
    const item: Item = {
      kind: "module",
      name,
      module: root,
      visibility: "all",
      attributes: [],
      front: [],
      condition: undefined,
      inner,
      file,
      node,
    };
    root.items.set(name, [...known, item]);
  }

  #module(name: string, file: string, parent: Module | undefined, condition: Attribute | undefined): Module {
    const module: Module = {
      id: this.#crate.modules.length,
      crate: this.#crate,
      parent,
      name,
      file,
      items: new Map(),
      uses: [],
      impls: [],
      macros: [],
      condition: condition ?? parent?.condition,
    };
    this.#crate.modules.push(module);
    return module;
  }

  /** @param directory where files of modules inside are looked for */
  async #file(module: Module, directory: string): Promise<Node | undefined> {
    const { file } = module;
    this.#read.add(file);
    this.#files.push(file);
    const { rootNode } = await parse("rust", readFileSync(file, "utf8"));
    this.#findings.push(...syntaxErrors(file, rootNode));
    await this.#items(module, rootNode, directory, dirname(file));
    return rootNode;
  }

  /** @param pathBase what `#[path]` starts from */
  async #items(module: Module, parent: Node, directory: string, pathBase: string): Promise<void> {
    for (const node of parent.namedChildren) {
      if (node === null || !(node.type in KINDS)) continue;
      const front = inFrontOf(node);
      const attributes = attributesOf(front);
      const present = presence(attributes);
      if (present === false) continue;
      const condition = present === true ? undefined : present;
      await this.#item({ module, node, front, attributes, condition, directory, pathBase });
    }
  }

  async #item(found: Found): Promise<void> {
    const { module, node, front, attributes, condition, directory, pathBase } = found;
    const { file } = module;
    const visibility = visibilityOf(node, module);
    switch (node.type) {
      case "use_declaration": {
        const argument = node.childForFieldName("argument");
        const shared = { visibility, place: { file, node }, condition };
        if (argument !== null) module.uses.push(...usesIn(argument, [], shared));
        return;
      }
      case "extern_crate_declaration": {
        const name = node.childForFieldName("name")?.text ?? "";
        const alias = node.childForFieldName("alias")?.text ?? name;
        this.#crate.aliases.set(plainName(alias), plainName(name));
        return;
      }
      case "impl_item":
        if (node.childForFieldName("trait") === null) module.impls.push({ file, node });
        return;
      case "macro_invocation":
      case "expression_statement":
        module.macros.push({ file, node });
        return;
      case "macro_definition":
        this.#crate.macroRules.set(node.childForFieldName("name")?.text ?? "", node.text);
        return;
    }
    const name = plainName(node.childForFieldName("name")?.text ?? "");
    const item: Item = {
      kind: KINDS[node.type] as Item["kind"],
      name,
      module,
      visibility,
      attributes,
      front,
      condition,
      file,
      node,
    };
    if (item.kind !== "module") return add(module, item);
    const inner = await this.#inner(name, { ...found, directory, pathBase });
    if (inner !== undefined) add(module, { ...item, inner });
  }

  async #inner(name: string, found: Found): Promise<Module | undefined> {
    const { module, node, attributes, condition, directory, pathBase } = found;
    const body = node.childForFieldName("body");
    const path = attributes.find((attribute) => attribute.path === "path");
    const stated = path === undefined ? undefined : stringValue(path.args.replace(/^=\s*/, ""));
    if (body !== null) {
      const inside = stated === undefined ? join(directory, name) : join(pathBase, stated);
      const inner = this.#module(name, module.file, module, condition);
      await this.#items(inner, body, inside, inside);
      return inner;
    }
    const candidates =
      stated === undefined
        ? [join(directory, `${name}.rs`), join(directory, name, "mod.rs")]
        : [join(pathBase, stated)];
    const file = candidates.find((one) => existsSync(one));
    const place = { file: module.file, node };
    if (file === undefined) {
      const hint = `expected ${candidates.join(" or ")}`;
      this.#findings.push(findingAt(place, "error", `the file of module ${name} is missing`, hint));
      return undefined;
    }
    if (this.#read.has(file)) {
      this.#findings.push(findingAt(place, "error", `${file} is a module already`));
      return undefined;
    }
    const inner = this.#module(name, file, module, condition);
    const isDirectory = basename(file) === "mod.rs" || stated !== undefined;
    await this.#file(inner, isDirectory ? dirname(file) : join(dirname(file), basename(file, ".rs")));
    return inner;
  }
}

interface Found {
  readonly module: Module;
  readonly node: Node;
  readonly front: readonly Node[];
  readonly attributes: readonly Attribute[];
  readonly condition: Attribute | undefined;
  readonly directory: string;
  readonly pathBase: string;
}

const KINDS: Readonly<Record<string, Item["kind"] | "">> = {
  struct_item: "struct",
  enum_item: "enum",
  union_item: "other",
  type_item: "alias",
  trait_item: "trait",
  const_item: "const",
  static_item: "other",
  mod_item: "module",
  use_declaration: "",
  extern_crate_declaration: "",
  impl_item: "",
  macro_invocation: "",
  macro_definition: "",
  expression_statement: "",
};

function add(module: Module, item: Item): void {
  const known = module.items.get(item.name);
  if (known === undefined) module.items.set(item.name, [item]);
  else known.push(item);
}

function visibilityOf(node: Node, module: Module): Visibility {
  const modifier = node.namedChildren.find((child) => child?.type === "visibility_modifier")?.text;
  if (modifier === undefined) return module;
  const within = /^pub\s*\(\s*([\s\S]*?)\s*\)$/.exec(modifier)?.[1];
  if (within === undefined) return "all";
  if (within === "self") return module;
  if (within === "super") return module.parent ?? module;
  return module.crate;
}

type Shared = Pick<Use, "visibility" | "place" | "condition">;

/** The names that a `use` brings, groups spread. */
function usesIn(node: Node, before: readonly string[], shared: Shared): Use[] {
  const path = (of: Node | null) => [...before, ...segmentsOf(of)];
  switch (node.type) {
    case "use_list":
      return node.namedChildren.flatMap((child) => (child === null ? [] : usesIn(child, before, shared)));
    case "scoped_use_list": {
      const list = node.childForFieldName("list");
      return list === null ? [] : usesIn(list, path(node.childForFieldName("path")), shared);
    }
    case "use_wildcard":
      return [{ name: undefined, path: path(node.namedChild(0)), ...shared }];
    case "use_as_clause": {
      const name = plainName(node.childForFieldName("alias")?.text ?? "");
      return [{ name, path: withoutSelf(path(node.childForFieldName("path"))), ...shared }];
    }
    case "line_comment":
    case "block_comment":
      return [];
    default: {
      const whole = withoutSelf(path(node));
      return [{ name: whole.at(-1) ?? "", path: whole, ...shared }];
    }
  }
}

/** `{self}` in a group means what the group is of. */
function withoutSelf(path: readonly string[]): readonly string[] {
  return path.length > 1 && path.at(-1) === "self" ? path.slice(0, -1) : path;
}

/** `a::b::c` as its parts; the first is empty for `::a`. Generic arguments are left out. */
export function segmentsOf(node: Node | null): string[] {
  if (node === null) return [];
  switch (node.type) {
    case "scoped_identifier":
    case "scoped_type_identifier": {
      const path = node.childForFieldName("path");
      const name = plainName(node.childForFieldName("name")?.text ?? "");
      return [...(path === null ? [""] : segmentsOf(path)), name];
    }
    case "generic_type":
    case "generic_type_with_turbofish":
      return segmentsOf(node.childForFieldName("type"));
    default:
      return [plainName(node.text)];
  }
}
