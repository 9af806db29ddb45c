import type { DescribedService, SchemaDocument } from "roam/schema";
import { findCrates } from "./crates.ts";
import { type Finding, findingAt, type Place } from "./finding.ts";
import { checkForeignTypes, type ForeignTypes } from "./foreign-types.ts";
import { type Crate, type Item, readCrate } from "./modules.ts";
import { Names } from "./names.ts";
import { describeService, isService, LeftOut } from "./services.ts";
import { reachedFrom } from "./signatures.ts";
import { Types } from "./types.ts";

export type { Finding, ForeignTypes };

/** What Rust sources say of their services. */
export interface RustDescription {
  readonly document: SchemaDocument;
  /** What could not be known, in the order of files and lines. */
  readonly findings: readonly Finding[];
  /** Sources and manifests that were read. */
  readonly files: readonly string[];
}

/**
 * The services of Rust sources, with the ids that the crates give their methods. No Rust toolchain is
 * asked: what only a build can know, such as what macros make, is told as a finding, and methods
 * that need it are left out.
 *
 * @param paths crates, workspaces, directories of sources, single files
 * @param options.foreignTypes types that the sources do not show
 * @throws what reading a file throws
 */
export async function describeRust(
  paths: readonly string[],
  options: { readonly foreignTypes?: unknown } = {},
): Promise<RustDescription> {
  const { crates: sources, findings: first, files: manifests } = findCrates(paths);
  const findings: Finding[] = [...first];
  const files: string[] = [...manifests];
  const crates = new Map();
  for (const source of sources) crates.set(source, await readCrate(source, files, findings));
  const foreign = checkForeignTypes(options.foreignTypes);
  const names = new Names(crates, Object.keys(foreign));
  const types = new Types(names, foreign);
  const leftOut = new LeftOut();
  const asked = ([...crates.values()] as Crate[]).filter(({ source }) => source.isAsked);
  const services = describeAll(asked, { names, types, leftOut, findings });
  findings.push(...leftOut.findings);
  findings.push(...asked.flatMap(servicesInMacros), ...suspected(types), ...changed(types));
  const methods = services.flatMap((service) => service.methods);
  const used = methods.flatMap(({ args, returns, error }) => [
    ...args.map(({ type }) => type),
    returns,
    ...(error === undefined ? [] : [error]),
  ]);
  return {
    document: { roamSchema: 1, services, types: reachedFrom(used, types) },
    findings: sorted(findings),
    files: [...new Set(files)],
  };
}

function describeAll(
  crates: readonly Crate[],
  into: {
    readonly names: Names;
    readonly types: Types;
    readonly leftOut: LeftOut;
    readonly findings: Finding[];
  },
): DescribedService[] {
  const { names, types, leftOut, findings } = into;
  const services = new Map<string, { readonly item: Item; readonly described: DescribedService }>();
  for (const item of crates.flatMap(traitsOf)) {
    if (!isService(item, names)) continue;
    const condition = item.condition ?? item.module.condition;
    if (condition !== undefined) {
      const message = `whether the service ${item.name} is there depends on ${condition.node.text}`;
      findings.push(
        findingAt(item, "error", message, "take the condition away, or the service to another module"),
      );
      continue;
    }
    const twin = services.get(item.name)?.item;
    if (twin !== undefined) {
      const where = `${twin.file}:${twin.node.startPosition.row + 1}`;
      findings.push(
        findingAt(
          item,
          "error",
          `there is a service ${item.name} already, at ${where}`,
          "generate the two apart",
        ),
      );
      continue;
    }
    services.set(item.name, describeService(item, types, leftOut));
  }
  return [...services.values()].map(({ described }) => described);
}

function traitsOf({ modules }: Crate): Item[] {
  return modules.flatMap(({ items }) => [...items.values()].flat().filter(({ kind }) => kind === "trait"));
}

/** Macros whose text, or whose rules, have the attribute in them. */
function servicesInMacros({ modules, macroRules }: Crate): Finding[] {
  return modules.flatMap(({ macros }) =>
    macros.flatMap((place) => {
      const name = macroName(place);
      const text = `${place.node.text}${macroRules.get(name.split("::").at(-1) ?? "") ?? ""}`;
      if (!/#\s*\[\s*[\w:]*service\s*\]/.test(text)) return [];
      return [
        findingAt(
          place,
          "error",
          `${name}! makes a service, and macros are not expanded`,
          "write the trait out",
        ),
      ];
    }),
  );
}

/** Macros that something is missing because of, perhaps. */
function suspected({ suspects }: Types): Finding[] {
  return [...suspects].map(([place, name]) => {
    const message = `${macroName(place)}! is not expanded, and may be what makes ${name}`;
    return findingAt(place, "error", message, "write out what it makes, or state the type with --types FILE");
  });
}

/** Types that are described as they stand there. */
function changed({ changed: types }: Types): Finding[] {
  return [...types].map(([item, path]) =>
    findingAt(item, "warning", `${path} may change ${item.name}, which is described as it stands here`),
  );
}

function macroName({ node }: Place): string {
  return /^\s*([\w:]+)\s*!/.exec(node.text)?.[1] ?? "";
}

function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => {
    if (a.file !== b.file) return a.file < b.file ? -1 : 1;
    return a.line - b.line || a.column - b.column;
  });
}
