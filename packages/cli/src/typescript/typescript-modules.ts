import { kebabCase, type SchemaDocument, servicesOf } from "roam/schema";
import { ModuleText, type TypescriptOptions } from "./module-text.ts";
import { namesOf } from "./names.ts";
import { reachable, refsOfMethod } from "./type-graph.ts";

export type { TypescriptOptions };

/**
 * The modules of a document's services, file name to text: one for each service, with the types
 * that only it uses, and `types.ts` for those of several. With one service that is one module:
 * nothing to import from elsewhere, and the first thing that a user wants to see.
 *
 * @throws TypeError for a document that makes no services
 */
export function typescriptModules(
  document: SchemaDocument,
  options: TypescriptOptions = {},
): Map<string, string> {
  // Whatever the builders of schemas refuse is refused here, and not when the module is loaded.
  const services = servicesOf(document);
  for (const service of services.values()) service.descriptors();
  const names = namesOf(document);
  const files = fileNames(document);
  const homes = homesOf(document);
  const modules = new Map<string, string>();
  const text = new ModuleText(document, { services, names, files, homes, options });
  if ([...homes.values()].includes(undefined)) modules.set("types.ts", text.types());
  for (const { name } of document.services) {
    const file = files.get(name) as string;
    modules.set(`${file}.ts`, text.service(name));
    if (options.codec === "static") modules.set(`${file}.codec.ts`, text.codecs(name));
  }
  return modules;
}

/** Service to the name of its module, without an extension. */
function fileNames({ services }: SchemaDocument): Map<string, string> {
  const taken = new Set(["types"]);
  return new Map(
    services.map(({ name }) => {
      const wanted = kebabCase(name).replace(/[^\p{L}\p{N}-]/gu, "") || "service";
      let file = wanted;
      for (let count = 1; taken.has(file); count++) file = `${wanted}-service${count === 1 ? "" : count}`;
      taken.add(file);
      return [name, file];
    }),
  );
}

/** Type to the service whose module it stands in; undefined for `types.ts`. */
function homesOf({ services, types }: SchemaDocument): Map<string, string | undefined> {
  const [only, another] = services;
  const homes = new Map<string, string | undefined>();
  for (const key of Object.keys(types)) homes.set(key, another === undefined ? only?.name : undefined);
  if (another === undefined) return homes;
  const users = new Map<string, string[]>();
  for (const { name, methods } of services) {
    for (const key of reachable(types, methods.flatMap(refsOfMethod))) {
      users.set(key, [...(users.get(key) ?? []), name]);
    }
  }
  for (const [key, [first, second]] of users) homes.set(key, second === undefined ? first : undefined);
  return homes;
}
