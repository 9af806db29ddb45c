import type { Docs, SchemaDocument } from "roam/schema";

/** The comments of a document, by what they are about: `Billing`, `Billing.lookup`, `Invoice.lines`. */
export function docsOf({ services, types }: SchemaDocument): Docs {
  const docs: Record<string, string> = {};
  const note = (about: string, { doc }: { readonly doc?: string }) => {
    if (doc !== undefined) docs[about] = doc;
  };
  for (const service of services) {
    note(service.name, service);
    for (const method of service.methods) note(`${service.name}.${method.name}`, method);
  }
  for (const [key, type] of Object.entries(types)) {
    note(key, type);
    if (type.kind === "struct") for (const field of type.fields) note(`${key}.${field.name}`, field);
    if (type.kind !== "enum") continue;
    for (const variant of type.variants) {
      note(`${key}.${variant.name}`, variant);
      for (const field of variant.fields ?? []) note(`${key}.${variant.name}.${field.name}`, field);
    }
  }
  return docs;
}
