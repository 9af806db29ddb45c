import {
  type DescribedMethod,
  type DescribedService,
  kebabCase,
  type MethodDescriptor,
  type SchemaDocument,
  type Service,
  servicesOf,
} from "roam/schema";
import { UsageFailure } from "../failure.ts";
import { nearest } from "../nearest.ts";

/** A method that can be called, and what is known of it. */
export interface FoundMethod {
  readonly service: Service;
  readonly descriptor: MethodDescriptor;
  readonly described: DescribedMethod;
}

/**
 * Finds `Service.method` whatever the case of its words; the service may be left out where only
 * one has the method.
 *
 * @throws UsageFailure with names that are near
 */
export function findMethod(document: SchemaDocument, name: string): FoundMethod {
  const at = name.lastIndexOf(".");
  const [serviceName, methodName] = at < 0 ? [undefined, name] : [name.slice(0, at), name.slice(at + 1)];
  const found = document.services.flatMap((service) =>
    serviceName === undefined || isSame(service.name, serviceName)
      ? service.methods
          .filter((method) => isSame(method.name, methodName))
          .map((method) => [service, method] as const)
      : [],
  );
  const [only, ...more] = found;
  if (only === undefined) throw unknownMethod(document, name);
  if (more.length > 0) {
    throw new UsageFailure(
      `several services have a method ${methodName}`,
      `say which: ${found.map(([service, method]) => `${service.name}.${method.name}`).join(", ")}`,
    );
  }
  return foundMethod(document, ...only);
}

function foundMethod(
  document: SchemaDocument,
  { name }: DescribedService,
  described: DescribedMethod,
): FoundMethod {
  const service = servicesOf(document).get(name);
  const descriptor = service?.descriptors().get(described.name);
  if (service === undefined || descriptor === undefined) throw new TypeError(`${name} is missing`);
  return { service, descriptor, described };
}

export function isSame(a: string, b: string): boolean {
  return a === b || kebabCase(a) === kebabCase(b);
}

function unknownMethod({ services }: SchemaDocument, name: string): UsageFailure {
  const known = services.flatMap((service) =>
    service.methods.map((method) => `${service.name}.${method.name}`),
  );
  if (known.length === 0) return new UsageFailure("the schema has no services");
  const close = nearest(name, known, 5);
  const hint = close.length > 0 ? `did you mean ${close.join(", ")}?` : `there are ${listed(known)}`;
  return new UsageFailure(`there is no method ${name}`, hint);
}

function listed(names: readonly string[]): string {
  return names.length <= 10
    ? names.join(", ")
    : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more: roam ls`;
}
