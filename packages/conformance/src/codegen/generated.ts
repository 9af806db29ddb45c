import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  channelPlan,
  type Docs,
  type MethodDescriptor,
  type SchemaDocument,
  type Service,
} from "roam/schema";
import { type Codec, compile, Reader } from "roam-postcard";
import { typescriptModules } from "../../../cli/src/typescript/typescript-modules.ts";
import { fromHex, toHex } from "../hex.ts";
import { Difference, expectEqual, type Tally } from "../vectors/tally.ts";
import { isFallible } from "./compiled-document.ts";
import type { CompiledMethod, Corpus, Sample } from "./corpus.ts";
import { DEPARTURES } from "./departures.ts";
import { PACKAGES, TSC, WORK } from "./places.ts";
import { runProgram } from "./run-program.ts";

const TSC_LIMIT_MS = 180_000;

/** Everything that a user's project may ask of a module. */
const STRICT = {
  strict: true,
  noEmit: true,
  target: "es2023",
  lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
  types: [],
  module: "nodenext",
  moduleResolution: "nodenext",
  allowImportingTsExtensions: true,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  skipLibCheck: true,
};

/** Generates modules of the corpus: they type-check, are the services, and code the crates' bytes. */
export async function checkGenerated(
  { compiled, described }: Corpus,
  codec: "runtime" | "static",
  tally: Tally,
): Promise<void> {
  const { document } = described;
  const directory = join(WORK, "typescript", codec);
  const files = writeModules(document, directory, codec);
  await checkTypes(directory, tally);
  const { services, docs } = await loadServices(files);
  tally.notes.push(`${files.length} modules, ${Object.keys(docs).length} comments`);
  const written = new Map<string, string[]>();
  for (const { method, isReturned, bytes } of compiled.written) {
    const key = `${method} ${isReturned}`;
    written.set(key, [...(written.get(key) ?? []), bytes]);
  }
  let samples = 0;
  for (const { name, methods } of compiled.services) {
    if (!document.services.some((one) => one.name === name)) continue;
    const service = services.get(name);
    tally.run(`${name} is exported`, () => {
      if (service === undefined) throw new Difference("no module exports it");
    });
    if (service === undefined) continue;
    const byId = new Map([...service.descriptors().values()].map((method) => [hexId(method), method]));
    for (const method of methods) {
      const where = `${name}.${method.name}`;
      const descriptor = byId.get(method.id);
      if (descriptor === undefined && DEPARTURES.has(name)) continue;
      tally.run(where, () => {
        if (descriptor === undefined) throw new Difference(`no method has the id ${method.id}`);
      });
      if (descriptor === undefined) continue;
      const more = (isReturned: boolean) =>
        (written.get(`${where} ${isReturned}`) ?? []).map((bytes) => ({ bytes }));
      samples += new MethodSamples(where, descriptor, tally).check(method, more);
    }
  }
  tally.notes.push(`${samples} values decoded and encoded again`);
}

/** @returns the files of the modules */
function writeModules(document: SchemaDocument, directory: string, codec: "runtime" | "static"): string[] {
  mkdirSync(directory, { recursive: true });
  const modules = typescriptModules(document, { codec });
  for (const [name, text] of modules) writeFileSync(join(directory, name), text);
  const config = { compilerOptions: STRICT, include: ["."] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config, undefined, 2));
  return [...modules.keys()].map((name) => join(directory, name));
}

async function checkTypes(directory: string, tally: Tally): Promise<void> {
  try {
    // Modules see the packages as users do, by their declarations.
    await runProgram(process.execPath, [TSC, "-b", `${PACKAGES}roam`], { limitMs: TSC_LIMIT_MS });
    await runProgram(process.execPath, [TSC, "-p", directory], { limitMs: TSC_LIMIT_MS });
    tally.passed++;
  } catch (error) {
    tally.failures.push({
      name: "the modules type-check",
      reason: String((error as Error).message).slice(0, 4000),
    });
  }
}

export async function loadServices(
  files: readonly string[],
): Promise<{ services: Map<string, Service>; docs: Docs }> {
  const services = new Map<string, Service>();
  const docs: Record<string, string> = {};
  for (const file of files) {
    if (file.endsWith(".codec.ts")) continue;
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    for (const value of Object.values(module)) if (isService(value)) services.set(value.name, value);
    Object.assign(docs, module.docs);
  }
  return { services, docs };
}

function isService(value: unknown): value is Service {
  return typeof value === "object" && value !== null && "descriptors" in value && "methods" in value;
}

function hexId({ id }: MethodDescriptor): string {
  return id.toString(16).padStart(16, "0");
}

/** The values of one method. */
class MethodSamples {
  readonly #where: string;
  readonly #method: MethodDescriptor;
  readonly #tally: Tally;

  constructor(where: string, method: MethodDescriptor, tally: Tally) {
    this.#where = where;
    this.#method = method;
    this.#tally = tally;
  }

  /** @returns how many values there were */
  check(theirs: CompiledMethod, more: (isReturned: boolean) => readonly Sample[]): number {
    const { argsCodec, args } = this.#method;
    let count = this.#all(
      "arguments",
      [...theirs.argSamples, ...more(false)],
      () => argsCodec as Codec<unknown>,
    );
    for (const [index, { item }] of channelPlan(args).entries()) {
      count += this.#all(`item of channel ${index}`, theirs.itemSamples[index] ?? [], () => compile(item));
    }
    return count + this.#answers([...theirs.returnSamples, ...more(true)], isFallible(theirs));
  }

  /** Those of a method with an error stand behind the number of their variant, one codec for each. */
  #answers(samples: readonly Sample[], isFallible: boolean): number {
    const { returnsCodec, errorCodec } = this.#method;
    if (!isFallible) return this.#all("answer", samples, () => returnsCodec);
    const codecOf = ([variant]: Uint8Array) => (variant === 0 ? returnsCodec : errorCodec);
    return this.#all("result", samples, codecOf, 1);
  }

  /** @param skipped how many bytes in front are not the codec's */
  #all(
    what: string,
    samples: readonly Sample[],
    codecOf: (bytes: Uint8Array) => Codec<unknown> | undefined,
    skipped = 0,
  ): number {
    const known = samples.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
    if (known.length === 0 && !DEPARTURES.has(this.#method.service)) {
      const reason = `the crates have no value: ${samples[0]?.error ?? "none was made"}`;
      this.#tally.failures.push({ name: `${this.#where}, ${what}`, reason });
    }
    for (const hex of known) {
      this.#tally.run(`${this.#where}, ${what} ${hex}`, () => {
        const bytes = fromHex(hex);
        const codec = codecOf(bytes);
        if (codec === undefined) throw new Difference("it has no error type");
        expectEqual("encoded again", toHex(again(codec, bytes.subarray(skipped))), hex.slice(2 * skipped));
      });
    }
    return known.length;
  }
}

function again(codec: Codec<unknown>, bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  // A channel's handle takes no bytes; anything may stand for it.
  reader.context = { next: () => "a channel" };
  const value = codec.decode(reader);
  expectEqual("bytes left", reader.bytes.length - reader.offset, 0);
  return codec.toBytes(value);
}
