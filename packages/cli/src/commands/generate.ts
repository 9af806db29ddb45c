import { command } from "../command.ts";
import { SOURCE_FORMS } from "../document-from.ts";
import type { GenerateOptions } from "../generate/run-generate.ts";
import { PEER_OPTIONS } from "../peer.ts";

export const generate = command<GenerateOptions>({
  name: "generate",
  summary: "write TypeScript modules from Rust traits, or a Rust module from TypeScript services",
  about: [
    "Reads services and writes modules with their types, schemas and precomputed method ids; doc comments are kept. Rust is read as source text: no Rust toolchain is needed.",
    "What cannot be known (macros, cfg, foreign crates) is told with file, line and a way out, and left out; the exit is 1 then. Files are only written where their text changes.",
  ].join("\n\n"),
  args: [{ form: "<source...>", about: SOURCE_FORMS }],
  options: [
    {
      flags: "-o, --out <dir>",
      about: "directory to write to; with --rust also a .rs file",
      default: "generated",
      complete: "directories",
    },
    {
      flags: "--codec <kind>",
      about: "static: with straight-line codecs in the modules; runtime: made when the program starts",
      default: "runtime",
      choices: ["runtime", "static"],
    },
    {
      flags: "--types <file>",
      about: "JSON that states types of foreign crates by their Rust path",
      complete: "files",
    },
    {
      flags: "--rust",
      about: "write a Rust module instead, whose ids equal those of the services",
      default: false,
    },
    { flags: "--check", about: "write nothing; exit 1 if a file is out of date, for CI", default: false },
    { flags: "-w, --watch", about: "again whenever a source changes, until Ctrl-C", default: false },
    ...PEER_OPTIONS,
  ],
  examples: [
    { command: "roam generate ../billing --out src/generated", about: "a Rust crate, as TypeScript" },
    {
      command: "roam generate ../billing ../chat --out src/generated --codec static",
      about: "two crates, for a page with a strict content security policy",
    },
    { command: "roam generate ../billing --out src/generated --check", about: "in CI" },
    {
      command: "roam generate src/billing.ts --rust --out proto/src/billing.rs",
      about: "a TypeScript service, as Rust",
    },
  ],
  async run({ args, options }, io) {
    const { runGenerate } = await import("../generate/run-generate.ts");
    return runGenerate(args, options, io);
  },
});
