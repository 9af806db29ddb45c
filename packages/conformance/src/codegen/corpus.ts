import type { DescribedField, SchemaDocument, TypeRef } from "roam/schema";
import { describeRust } from "../../../cli/src/rust/describe-rust.ts";
import { compiledDocument } from "./compiled-document.ts";
import { CORPUS, TARGET } from "./places.ts";
import { BUILD_LIMIT_MS, runProgram } from "./run-program.ts";

const DESCRIBE_LIMIT_MS = 30_000;

/** What the program `describe` of the corpus prints. */
export interface Compiled {
  readonly services: readonly CompiledService[];
  readonly types: SchemaDocument["types"];
  readonly written: readonly Written[];
}

export interface CompiledService {
  readonly package: string;
  readonly name: string;
  readonly doc?: string;
  readonly methods: readonly CompiledMethod[];
}

export interface CompiledMethod {
  readonly name: string;
  readonly doc?: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Canonical bytes, in hex. */
  readonly signature: string;
  readonly args: readonly DescribedField[];
  /** As declared, a `Result` too. */
  readonly returns: TypeRef;
  /** `rx 16`, in declaration order. */
  readonly channels: readonly string[];
  /** To the macro, which goes by the spelling. */
  readonly isInfallible: boolean;
  readonly itemSamples: readonly (readonly Sample[])[];
  readonly argSamples: readonly Sample[];
  /** Of a `Result` with its variant in front. */
  readonly returnSamples: readonly Sample[];
}

/** The bytes of a value in hex, or why the crates have none. */
export interface Sample {
  readonly bytes?: string;
  readonly error?: string;
}

/** The bytes of a value that a method takes or returns. */
export interface Written {
  /** `Service.method`. */
  readonly method: string;
  readonly isReturned: boolean;
  readonly bytes: string;
}

export interface Corpus {
  readonly compiled: Compiled;
  /** The same as a document. */
  readonly document: SchemaDocument;
  /** From the sources. */
  readonly described: Awaited<ReturnType<typeof describeRust>>;
}

/** @throws Error with what the compiler said, or that there is none */
export async function buildCorpus(): Promise<Corpus> {
  const manifest = ["--manifest-path", `${CORPUS}Cargo.toml`, "--target-dir", TARGET];
  const build = runProgram("cargo", ["build", "--release", "--locked", ...manifest], {
    limitMs: BUILD_LIMIT_MS,
  });
  const [described] = await Promise.all([describeRust([CORPUS]), build]);
  const printed = await runProgram(`${TARGET}/release/describe`, [], { limitMs: DESCRIBE_LIMIT_MS });
  const compiled = JSON.parse(printed) as Compiled;
  return { compiled, document: compiledDocument(compiled), described };
}
