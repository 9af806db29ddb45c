import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Service } from "roam";
import type { Docs } from "roam/schema";

/** Where `roam` is found as in a user's project; git ignores it. */
const BUILD = fileURLToPath(new URL("../../../../build/", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** What a strict user's compiler is told. */
const COMPILER_OPTIONS = {
  target: "es2023",
  lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  customConditions: ["roam-source"],
  types: ["node"],
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  allowImportingTsExtensions: true,
  declaration: true,
  noEmit: true,
  skipLibCheck: true,
};

/** A directory with modules, gone when disposed of. */
export class Project implements Disposable {
  readonly directory: string;

  constructor(files: Iterable<readonly [name: string, text: string]>) {
    mkdirSync(BUILD, { recursive: true });
    this.directory = mkdtempSync(join(BUILD, "generated-"));
    this.write(files);
  }

  write(files: Iterable<readonly [name: string, text: string]>): void {
    for (const [name, text] of files) writeFileSync(join(this.directory, name), text);
  }

  /**
   * What the compiler says of all modules: nothing if all is well. What it says of our sources
   * does not count, for a user has our declarations only.
   */
  async check(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const config = { compilerOptions: { ...COMPILER_OPTIONS, ...options }, include: ["*.ts"] };
    this.write([["tsconfig.json", JSON.stringify(config)]]);
    return new Promise((resolve) => {
      const limits = { cwd: this.directory, timeout: 50_000, maxBuffer: 2 ** 24 };
      execFile(process.execPath, [tsc, "-p", ".", "--pretty", "false"], limits, (error, out, err) => {
        const said = `${out}${err}`;
        if (error !== null && said === "") resolve(String(error));
        else resolve(said.replace(/^\.\.\/.*\n( .*\n)*/gm, ""));
      });
    });
  }

  /** The exports of a module. */
  async load(file: string): Promise<{ readonly docs: Docs } & Record<string, Service>> {
    return import(pathToFileURL(join(this.directory, file)).href);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
