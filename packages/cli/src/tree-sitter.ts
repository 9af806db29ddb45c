import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Node, Parser, Tree } from "@vscode/tree-sitter-wasm";

export type { Node, Tree };

const require = createRequire(import.meta.url);

const parsers = new Map<string, Promise<Parser>>();

/**
 * The syntax tree of a text, errors in it included as nodes. Runtime and grammars are WebAssembly,
 * loaded when first needed and once.
 */
export async function parse(language: "rust" | "typescript", text: string): Promise<Tree> {
  let parser = parsers.get(language);
  if (parser === undefined) {
    parser = load(language);
    parsers.set(language, parser);
  }
  const tree = (await parser).parse(text);
  if (tree === null) throw new TypeError(`${language}: no syntax tree`);
  return tree;
}

type Runtime = typeof import("@vscode/tree-sitter-wasm");

let runtime: Promise<Runtime> | undefined;

async function start(directory: string): Promise<Runtime> {
  const loaded = require("@vscode/tree-sitter-wasm") as Runtime;
  await loaded.Parser.init({ locateFile: (file) => join(directory, file) });
  return loaded;
}

async function load(language: string): Promise<Parser> {
  const directory = dirname(require.resolve("@vscode/tree-sitter-wasm"));
  runtime ??= start(directory);
  const { Language, Parser } = await runtime;
  const grammar = await Language.load(readFileSync(join(directory, `tree-sitter-${language}.wasm`)));
  return new Parser().setLanguage(grammar);
}
