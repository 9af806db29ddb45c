import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  channelPlan,
  methodId,
  type SchemaDocument,
  type Service,
  servicesOf,
  signatureBytes,
} from "roam/schema";
import { type Schema, t } from "roam-postcard";
import { fromHex, toHex } from "../hex.ts";
import { Difference, expectEqual, type Tally } from "../vectors/tally.ts";
import { isFallible, methodName } from "./compiled-document.ts";
import type { CompiledMethod, CompiledService, Corpus } from "./corpus.ts";
import { DEPARTURES } from "./departures.ts";
import { CORPUS } from "./places.ts";
import { TypeComparison } from "./same-types.ts";
import { sameWords } from "./words.ts";

type DescribedService = SchemaDocument["services"][number];
type DescribedMethod = DescribedService["methods"][number];

interface Context {
  /** From the sources. */
  readonly document: SchemaDocument;
  readonly compiled: SchemaDocument;
  readonly types: TypeComparison;
  readonly tally: Tally;
}

/** What is read from the sources against what was compiled from them: nothing else, and all of it. */
export function checkDescription(
  { compiled, described, document: theirDocument }: Corpus,
  tally: Tally,
): void {
  const { document, findings } = described;
  tally.run("the program lists every trait of the corpus", () =>
    expectEqual("traits", compiled.services.length, traitsIn(CORPUS)),
  );
  const sizes = `${compiled.services.length} traits, ${Object.keys(document.types).length} types`;
  tally.notes.push(`${sizes}; ${findings.length} findings in ${described.files.length} files`);
  const ours = new Map(document.services.map((service) => [service.name, service]));
  tally.run("no two services have one name", () => expectEqual("names", ours.size, document.services.length));
  const theirs = compiled.services.filter(({ name }) => !DEPARTURES.has(name));
  const types = new TypeComparison(document.types, theirDocument.types, tally);
  const context = { document, compiled: theirDocument, types, tally };
  for (const service of theirs) checkService(service, ours.get(service.name), context);
  tally.notes.push(`${types.compared} types compared with those of the crates`);
  for (const name of ours.keys()) {
    tally.run(`${name} is a service of the crates`, () => {
      if (!compiled.services.some((one) => one.name === name))
        throw new Difference("no such trait was compiled");
    });
  }
  for (const { file, line, column, severity, message } of findings) {
    if (file.includes("departures")) continue;
    tally.run(`${file}:${line}:${column}`, () => {
      throw new Difference(`an unexpected ${severity}: ${message}`);
    });
  }
}

/** Counted in the text: not by what is under test, nor by what was written to be compiled. */
function traitsIn(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".rs"))
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .map((text) => text.replace(/^#\[cfg\(test\)\]\n[\s\S]*/m, ""))
    .reduce(
      (sum, text) => sum + [...text.matchAll(/^ *#\[(?:\w+::)?(?:service|rpc)(?:\(\))?\]$/gm)].length,
      0,
    );
}

function checkService(theirs: CompiledService, ours: DescribedService | undefined, context: Context): void {
  const { document, compiled, types, tally } = context;
  const { name, methods } = theirs;
  if (ours === undefined) {
    tally.failures.push({ name, reason: `the reader has no such service (of package ${theirs.package})` });
    return;
  }
  tally.run(`${name}, its comment`, () => sameWords("it", ours.doc, theirs.doc));
  tally.run(`${name}, its methods`, () =>
    expectEqual(
      "methods",
      ours.methods.map((method) => method.name),
      methods.map(methodName),
    ),
  );
  const service = servicesOf({ ...document, services: [ours] }).get(name) as Service;
  for (const method of methods) {
    const own = ours.methods.find((one) => one.name === methodName(method));
    if (own === undefined) continue;
    checkMethod(service, own, method, tally);
    const twin = compiled.services
      .find((one) => one.name === name)
      ?.methods.find((one) => one.name === methodName(method)) as DescribedMethod;
    tally.run(`${name}.${own.name}, its types`, () => {
      const tuple = ({ args }: DescribedMethod) => ({ tuple: args.map(({ type }) => type) });
      types.refs("arguments", tuple(own), tuple(twin));
      types.refs("answer", own.returns, twin.returns);
      types.refs("error", own.error ?? "unit", twin.error ?? "unit");
    });
  }
}

function checkMethod(service: Service, ours: DescribedMethod, theirs: CompiledMethod, tally: Tally): void {
  const where = `${service.name}.${ours.name}`;
  const signature = signatureOf(service, ours.name);
  tally.run(`${where}, its id`, () => {
    if (ours.id === theirs.id) return;
    const [own, crate] = [toHex(signature), theirs.signature];
    throw new Difference(`ours ${ours.id} from ${own}\nthe crate's ${theirs.id} from ${crate}`);
  });
  tally.run(`${where}, the bytes of its signature`, () => {
    // If these are not the crate's, what is shown above is worth nothing.
    const id = methodId(service.name, theirs.name, fromHex(theirs.signature)).toString(16).padStart(16, "0");
    expectEqual("the id of the crate's bytes", id, theirs.id);
    expectEqual("bytes", toHex(signature), theirs.signature);
  });
  tally.run(`${where}, its arguments`, () =>
    expectEqual(
      "names",
      ours.args.map((arg) => arg.name),
      theirs.args.map((arg) => bare(arg.name)),
    ),
  );
  tally.run(`${where}, its channels`, () =>
    expectEqual("channels", channelsOf(service, ours.name), theirs.channels),
  );
  tally.run(`${where}, whether it fails`, () =>
    expectEqual("has an error", ours.error !== undefined, isFallible(theirs)),
  );
  tally.run(`${where}, its comment`, () => sameWords("it", ours.doc, theirs.doc));
}

/** As composed by the compiler, without the mark of a raw identifier. */
function bare(name: string): string {
  return name.replace(/^r#/, "").normalize("NFC");
}

function signatureOf(service: Service, method: string): Uint8Array {
  const { args, returns, error } = service.methods[method] as Service["methods"][string];
  const answer: Schema = error === undefined ? returns : t.result(returns, error);
  return signatureBytes(Object.values(args), answer);
}

function channelsOf(service: Service, method: string): string[] {
  const { args } = service.methods[method] as Service["methods"][string];
  const places = Object.values(args).flatMap((schema) => channelPlan(schema));
  return places.map(({ direction, credit }) => `${direction} ${credit}`);
}
