import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { checkDocument, servicesOf } from "roam/schema";
import { describeRust } from "../../../cli/src/rust/describe-rust.ts";
import { Difference, expectEqual, type Tally } from "../vectors/tally.ts";
import { REPORTED } from "./places.ts";

/** What a line says that must come of it; the forms are in the directory's README. */
interface Expectation {
  readonly file: string;
  readonly line: number;
  readonly severity: "error" | "warning";
  /** Words of the finding at this line; undefined if none is asked for. */
  readonly words: readonly string[] | undefined;
  readonly isLeftOut: boolean;
}

/** A method as the text has it, whatever a reader makes of it. */
interface Declared {
  readonly service: string;
  readonly method: string;
  readonly place: Expectation | undefined;
}

/** Sources that cannot be described in full: what must be told is told, and nothing is guessed. */
export async function checkReported(tally: Tally): Promise<void> {
  for (const name of readdirSync(REPORTED).sort()) {
    const path = join(REPORTED, name);
    const isCrate = existsSync(join(path, "Cargo.toml"));
    if (!isCrate && !name.endsWith(".rs")) continue;
    await checkSource(name, path, isCrate ? rustFiles(path) : [path], tally);
    const stated = join(REPORTED, "stated", name);
    if (existsSync(stated)) await checkStated(path, stated, tally);
  }
}

/** With the types that it lacks a source is what it would be with them in place. */
async function checkStated(path: string, stated: string, tally: Tally): Promise<void> {
  const foreignTypes = JSON.parse(readFileSync(stated.replace(/rs$/, "types.json"), "utf8"));
  const { document, findings } = await describeRust([path], { foreignTypes });
  const { document: whole } = await describeRust([stated]);
  tally.run(`${relative(REPORTED, stated)}, no findings`, () =>
    expectEqual(
      "findings",
      findings.map(({ line, message }) => `${line} ${message}`),
      [],
    ),
  );
  for (const { name, methods } of whole.services) {
    const ours = document.services.find((one) => one.name === name);
    for (const { name: method, id } of methods) {
      tally.run(`${name}.${method} with stated types`, () =>
        expectEqual("id", ours?.methods.find((one) => one.name === method)?.id, id),
      );
    }
  }
}

function rustFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".rs")).map((name) => join(directory, name));
}

async function checkSource(
  name: string,
  path: string,
  files: readonly string[],
  tally: Tally,
): Promise<void> {
  const { document, findings } = await describeRust([path]);
  tally.run(`${name} gives a document`, () => {
    checkDocument(document);
    for (const service of servicesOf(document).values()) service.descriptors();
  });
  const expectations = files.flatMap(expectationsIn);
  for (const { file, line, severity, words } of expectations) {
    if (words === undefined) continue;
    tally.run(`${relative(REPORTED, file)}:${line} is reported`, () => {
      const here = findings.filter(
        (one) => one.file === file && one.line === line && one.severity === severity,
      );
      const texts = here.map(({ message, hint }) => `${message} ${hint ?? ""}`);
      if (texts.some((text) => words.every((word) => text.includes(word)))) return;
      const all = findings.map((one) => `${relative(REPORTED, one.file)}:${one.line} ${one.message}`);
      const got = texts.length > 0 ? texts : ["nothing there, but:", ...all];
      throw new Difference(`expected ${severity} with ${words.join(" ")}, got ${got.join("\n")}`);
    });
  }
  for (const finding of findings) {
    const { file, line, column, message } = finding;
    tally.run(`${relative(REPORTED, file)}:${line}:${column} is expected`, () => {
      if (line < 1 || column < 1) throw new Difference("lines and columns count from 1");
      if (!expectations.some((one) => one.file === file && one.line === line)) throw new Difference(message);
    });
  }
  const described = new Set(
    document.services.flatMap((service) => service.methods.map((method) => `${service.name}.${method.name}`)),
  );
  for (const { service, method, place } of files.flatMap(methodsIn)) {
    const isThere = described.has(`${service}.${method}`);
    tally.run(`${name}, ${service}.${method}`, () => {
      if (isThere === (place?.isLeftOut ?? false))
        throw new Difference(
          isThere ? "it is described, and cannot be known" : "it is left out, and can be known",
        );
    });
  }
}

function expectationsIn(file: string): Expectation[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, index) => {
      const said = /\/\/~ (.*)$/.exec(text)?.[1];
      if (said === undefined) return [];
      const isLeftOut = /(^|, )left out$/.test(said);
      const [, severity, words] = /^(error|warning)(.*?)(?:, left out)?$/.exec(said) ?? [];
      if (!isLeftOut && words === undefined) throw new TypeError(`${file}:${index + 1}: ${said}?`);
      const place = { file, line: index + 1, isLeftOut };
      return [
        { ...place, severity: severity === "warning" ? severity : "error", words: words?.trim().split(" ") },
      ];
    });
}

function methodsIn(file: string): Declared[] {
  const places = new Map(expectationsIn(file).map((one) => [one.line, one]));
  let service = "";
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, index) => {
      service = /^pub trait (\w+)/.exec(text)?.[1] ?? service;
      const method = /^ {4}(?:async )?fn (\w+)/.exec(text)?.[1];
      return method === undefined ? [] : [{ service, method, place: places.get(index + 1) }];
    });
}
