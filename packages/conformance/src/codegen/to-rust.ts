import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentOf, kebabCase, type SchemaDocument, type Service } from "roam/schema";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { describeRust } from "../../../cli/src/rust/describe-rust.ts";
import { rustModule } from "../../../cli/src/to-rust/rust-module.ts";
import { typescriptModules } from "../../../cli/src/typescript/typescript-modules.ts";
import { Probe } from "../probe.ts";
import { Difference, expectEqual, type Tally } from "../vectors/tally.ts";
import type { Corpus } from "./corpus.ts";
import { withoutDepartures } from "./departures.ts";
import { loadServices } from "./generated.ts";
import { HAND_WRITTEN } from "./hand-written.ts";
import { CORPUS, GETTING_STARTED, TARGET, WORK } from "./places.ts";
import { BUILD_LIMIT_MS, runProgram } from "./run-program.ts";

const CRATE = join(WORK, "rust");
const RUN_LIMIT_MS = 30_000;

/** From TypeScript to Rust: what is generated compiles, and has the ids of the TypeScript. */
export async function checkRust({ described }: Corpus, tally: Tally): Promise<void> {
  const documents = new Map<string, SchemaDocument>([
    ["corpus", await throughTypescript(withoutDepartures(described.document))],
    [
      "hand_written",
      documentOf([...HAND_WRITTEN, Testbed as unknown as Service, Probe as unknown as Service]),
    ],
  ]);
  const generated = [...documents].map(([name, document]) => ({
    name,
    document,
    text: rustModule(document),
  }));
  const modules = [...generated, await gettingStarted()];
  writeCrate(modules);
  const manifest = ["--manifest-path", join(CRATE, "Cargo.toml"), "--target-dir", TARGET];
  await runProgram("cargo", ["build", "--release", "--offline", ...manifest], { limitMs: BUILD_LIMIT_MS });
  tally.passed++;
  const printed = await runProgram(join(TARGET, "release/generated"), [], { limitMs: RUN_LIMIT_MS });
  const ids = new Map(
    printed
      .trim()
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  for (const { name, document } of modules) compareIds(name, document, ids, tally);
  tally.run("nothing else was compiled", () => {
    if (ids.size > 0) throw new Difference([...ids.keys()].join(", "));
  });
}

/** The trait that people are shown first: it compiles, and is read as what it is. */
async function gettingStarted(): Promise<{ name: string; document: SchemaDocument; text: string }> {
  const [, text = ""] = /```rust\n(.*?)```/s.exec(readFileSync(GETTING_STARTED, "utf8")) ?? [];
  const file = join(WORK, "getting-started.rs");
  writeFileSync(file, text);
  const { document, findings } = await describeRust([file]);
  const [finding] = findings;
  if (finding !== undefined) throw new Difference(`${GETTING_STARTED}: ${finding.message}`);
  return { name: "getting_started", document, text };
}

/** The document of the services that generated modules export. */
async function throughTypescript(document: SchemaDocument): Promise<SchemaDocument> {
  const directory = join(WORK, "typescript/for-rust");
  mkdirSync(directory, { recursive: true });
  const modules = typescriptModules(document);
  for (const [name, text] of modules) writeFileSync(join(directory, name), text);
  const { services, docs } = await loadServices([...modules.keys()].map((name) => join(directory, name)));
  return documentOf([...services.values()], docs);
}

/** Takes the ids that it finds out of `ids`. */
function compareIds(module: string, document: SchemaDocument, ids: Map<string, string>, tally: Tally): void {
  for (const { name, methods } of document.services) {
    for (const method of methods) {
      // The traits' methods are called in Rust's way; kebab case is what both go by.
      const key = `${module}.${kebabCase(name)}.${kebabCase(method.name)}`;
      tally.run(`${name}.${method.name}`, () => {
        const id = ids.get(key);
        if (id === undefined) throw new Difference("the compiled module has no such method");
        expectEqual("id", id, method.id);
      });
      ids.delete(key);
    }
  }
}

/** A crate with a program that prints `module.service.method id` for all methods, in kebab case. */
function writeCrate(
  modules: readonly { readonly name: string; readonly document: SchemaDocument; readonly text: string }[],
): void {
  mkdirSync(join(CRATE, "src"), { recursive: true });
  for (const { name, text } of modules) writeFileSync(join(CRATE, `src/${name}.rs`), text);
  const lines = modules.flatMap(({ name, document }) =>
    document.services.map((service) => {
      const snake = kebabCase(service.name).replaceAll("-", "_");
      return `    print("${name}", "${kebabCase(service.name)}", ${name}::${snake}_service_descriptor());\n`;
    }),
  );
  const declared = modules.map(({ name }) => `#[allow(dead_code)]\nmod ${name};\n`).join("");
  writeFileSync(join(CRATE, "src/main.rs"), `${declared}${PRINT}\nfn main() {\n${lines.join("")}}\n`);
  writeFileSync(join(CRATE, "Cargo.toml"), MANIFEST + sharedDependencies() + PROFILE);
  copyFileSync(join(CORPUS, "Cargo.lock"), join(CRATE, "Cargo.lock"));
}

const PRINT = `
use roam::session::ServiceDescriptor;

fn print(module: &str, service: &str, descriptor: &ServiceDescriptor) {
    for method in descriptor.methods {
        println!("{module}.{service}.{} {:016x}", method.method_name.replace('_', "-"), method.id.0);
    }
}
`;

const MANIFEST = `[package]
name = "generated"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
`;

const PROFILE = `
[profile.release]
opt-level = 1
debug = false

[profile.release.package.generated]
opt-level = 0
`;

/** Those of the corpus, to the feature: others would be built anew. */
function sharedDependencies(): string {
  const manifest = readFileSync(join(CORPUS, "describe/Cargo.toml"), "utf8");
  const shared = manifest.slice(manifest.indexOf("# Everything that the Rust peer names"));
  return shared.replace(
    /^(\w+)\.workspace = true$/gm,
    (_line, name: string) => `${name} = "${PINNED[name]}"`,
  );
}

const PINNED: Readonly<Record<string, string>> = { roam: "=7.3.0", facet: "=0.44.1" };
