import type { Handler } from "roam";
import { kebabCase, type Methods, type Service } from "roam/schema";
import { UsageFailure } from "../failure.ts";
import type { Exports } from "../import-module.ts";
import type { Runtime } from "../runtime-of.ts";

/**
 * What a module serves: handlers made by `implement`, or services with objects that have a
 * function for each of their methods. The default export comes first.
 *
 * @param stated services that the module need not export: those of a schema
 * @throws UsageFailure that says what to export
 */
export function handlersOf(
  file: string,
  exports: Exports,
  stated: readonly Service[],
  { roam }: Runtime,
): Handler[] {
  const { default: first, ...named } = exports;
  const values = [first, ...Object.values(named)].filter(
    (value) => typeof value === "object" && value !== null,
  );
  const made = values.filter(isHandler);
  const services = [...values.filter(isService), ...stated].filter(
    (service) => !made.some((handler) => kebabCase(handler.service.name) === kebabCase(service.name)),
  );
  const objects = values.filter((value) => !isHandler(value) && !isService(value)) as Exports[];
  const found = services.flatMap((service) => {
    const functions = objects.map((object) => functionsFor(service, object)).find(isComplete(service));
    // The types of its methods are known to the module only.
    return functions === undefined ? [] : [roam.implement(service as Service<Methods>, functions as never)];
  });
  const handlers = [...made, ...found];
  if (handlers.length > 0) return handlers;
  throw nothingServed(file, services, objects);
}

/** Of any copy of the runtime: known by its form. */
export function isHandler(value: unknown): value is Handler {
  const { service, find, middleware } = (value ?? {}) as Partial<Handler>;
  return isService(service) && typeof find === "function" && Array.isArray(middleware);
}

export function isService(value: unknown): value is Service {
  const { name, methods, descriptors } = (value ?? {}) as Partial<Service>;
  return typeof name === "string" && typeof methods === "object" && typeof descriptors === "function";
}

/** The functions of an object under the names that the service's methods have; bound to it. */
function functionsFor(service: Service, object: Exports): Exports {
  const byName = new Map<string, unknown>();
  // An instance of a class has its methods on its prototypes.
  for (
    let part: object | null = object;
    part !== null && part !== Object.prototype;
    part = Object.getPrototypeOf(part)
  ) {
    for (const name of Object.getOwnPropertyNames(part)) {
      const value = (object as Record<string, unknown>)[name];
      if (typeof value === "function" && !byName.has(kebabCase(name)))
        byName.set(kebabCase(name), value.bind(object));
    }
  }
  return Object.fromEntries(
    Object.keys(service.methods).flatMap((name) => {
      const own = byName.get(kebabCase(name));
      return own === undefined ? [] : [[name, own]];
    }),
  );
}

function isComplete(service: Service): (functions: Exports) => boolean {
  return (functions) => Object.keys(functions).length === Object.keys(service.methods).length;
}

function nothingServed(
  file: string,
  services: readonly Service[],
  objects: readonly Exports[],
): UsageFailure {
  const [service] = services;
  if (service === undefined) {
    return new UsageFailure(
      `${file} exports no service`,
      "export it with its functions: export default implement(Billing, { … }); or state it with --schema",
    );
  }
  const missing = objects
    .map((object) =>
      Object.keys(service.methods).filter((name) => !Object.hasOwn(functionsFor(service, object), name)),
    )
    .filter((names) => names.length < Object.keys(service.methods).length)
    .sort((a, b) => a.length - b.length)[0];
  if (missing !== undefined) {
    return new UsageFailure(
      `${file} exports ${service.name}, whose ${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} no function`,
      "the object with the others wants them, too",
    );
  }
  return new UsageFailure(
    `${file} exports ${service.name}, but no object with its functions`,
    `export const handlers = { ${Object.keys(service.methods).slice(0, 2).join(", ")}, … }; or export default implement(${service.name}, handlers)`,
  );
}
