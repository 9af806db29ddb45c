import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDocument, servicesOf } from "roam/schema";
import { describeRust } from "../../../../cli/src/rust/describe-rust.ts";
import { textPieces } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { mutatedTokens } from "../token-mutation.ts";

const DIRECTORY = mkdtempSync(join(tmpdir(), "roam-fuzz-"));
process.on("exit", () => rmSync(DIRECTORY, { recursive: true, force: true }));
const FILE = join(DIRECTORY, "lib.rs");

/** Trees of one run. They lie in memory that no collector looks at; a program that reads its sources once leaves them. */
const trees = new Set<{ delete(): void }>();
const { Parser } = createRequire(import.meta.url)("@vscode/tree-sitter-wasm") as {
  Parser: { readonly prototype: { parse(...args: unknown[]): { delete(): void } | null } };
};
const { parse } = Parser.prototype;
Parser.prototype.parse = function (...args) {
  const tree = parse.apply(this, args);
  if (tree !== null) trees.add(tree);
  return tree;
};

async function described(input: Uint8Array): ReturnType<typeof describeRust> {
  writeFileSync(FILE, input);
  try {
    return await describeRust([FILE]);
  } finally {
    for (const tree of trees) tree.delete();
    trees.clear();
  }
}

async function run(input: Uint8Array): Promise<void> {
  const { document, findings } = await described(input);
  const lines = new TextDecoder().decode(input).split("\n").length;
  for (const { line, column, message } of findings) {
    if (!(line >= 1 && line <= lines + 1 && column >= 1))
      throw new Broken(`${line}:${column} of ${lines} lines`);
    if (message === "") throw new Broken("a finding that says nothing");
  }
  checkDocument(document);
  for (const service of servicesOf(document).values()) service.descriptors();
}

const SEEDS = [
  `use roam::service;
/// Bills.
#[service]
pub trait Billing {
    async fn lookup(&self, id: u64) -> Result<Invoice, LookupError>;
    async fn watch(&self, ids: Vec<u64>, out: Tx<Invoice, 32>);
    async fn sum(&self, numbers: Rx<(i32, Option<f64>)>) -> HashMap<String, [u8; 4]>;
}
#[derive(Facet)]
pub struct Invoice { pub id: u64, pub lines: Vec<Line>, pub paid: Option<Box<Invoice>> }
#[derive(Facet)]
pub struct Line(pub String, pub u32);
#[derive(Facet)]
#[repr(u8)]
pub enum LookupError { Unknown, Locked { by: String }, Other(i8, char) = 7 }
`,
  `mod inner { pub mod types { #[derive(facet::Facet)] pub struct Id(pub u128); pub type Ids = Vec<Id>; pub const N: usize = 2 * 3; } }
use inner::types::{self, Ids as Many, *};
macro_rules! make { () => { #[service] trait Hidden {} } }
make!();
#[roam::service] pub(crate) trait Odd<'a, T> { async fn r#type(&self, a: [types::Id; N], b: &'a [u8]) -> Many; fn plain(self); }
#[facet(transparent)] struct Wrap<T>(T);
impl<T> Wrap<T> where T: Clone { const X: u8 = b'x'; }
`,
  `#![cfg(test)] #[cfg(feature = "a")] #[service] trait C { async fn f(&self, x: impl Fn() -> u8, d: std::time::Duration, t: (), p: *const u8) -> Box<dyn Error>; }
const S: &str = r#"not code "#; /* a /* nested */ comment */ static B: [u8; 0x1_0] = *b"sixteen bytes ok"; extern "C" { fn g(); } union U { a: u8 }
`,
];

/** The reader of Rust sources. */
export const target: FuzzTarget = {
  run,
  measure: async (input) => {
    await described(input);
  },
  mutate: mutatedTokens,
  seeds: () => SEEDS.map((text) => new TextEncoder().encode(text)),
  maxBytes: 6_000,
  isText: true,
  dictionary: textPieces(
    "#[service]",
    "#[derive(Facet)]",
    "async fn ",
    "struct ",
    "enum ",
    "trait ",
    "type ",
    "mod ",
    "use super::*;",
    "self::",
    "crate::",
    "Vec<",
    "Option<",
    "Result<",
    "Tx<",
    "Rx<",
    "((((((((",
    "[[[[[[[[",
    "{{{{{{{{",
    "<<<<<<<<",
    ">>",
    "'a",
    "r#",
    "é",
    "\u{1f600}",
    "\0",
    "/*",
    '"',
    "0xffff_ffff_ffff_ffff_ffff",
    "#[cfg(any())]",
    "#[facet(transparent)]",
    "impl ",
    "where ",
    "const N: usize = N + 1;",
  ),
};
