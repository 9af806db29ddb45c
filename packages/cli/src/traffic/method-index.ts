import { Introspection } from "roam/introspection";
import { type MethodDescriptor, type SchemaDocument, servicesOf } from "roam/schema";

/** Methods by id: 16 hexadecimal digits. */
export type MethodIndex = ReadonlyMap<string, MethodDescriptor>;

/** @param document what is known of the peers; introspection itself is always known */
export function methodIndex(document: SchemaDocument | undefined): MethodIndex {
  const services = document === undefined ? [] : [...servicesOf(document).values()];
  const methods = [Introspection, ...services].flatMap((service) => [...service.descriptors().values()]);
  return new Map(methods.map((method) => [idText(method.idLo, method.idHi), method]));
}

export function idText(lo: number, hi: number): string {
  return `${digits(hi)}${digits(lo)}`;
}

function digits(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** `Billing.lookup`, or the id where nothing is known of it. */
export function methodName(id: string, index: MethodIndex): string {
  const method = index.get(id);
  return method === undefined ? `0x${id}` : `${method.service}.${method.name}`;
}
