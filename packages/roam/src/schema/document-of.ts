import { type Field, nodeOf, type Schema, type SchemaNode, type Variant } from "roam-postcard";
import { asChannel } from "./channel-schema.ts";
import { insideOpaque } from "./opaque-schema.ts";
import type {
  DescribedField,
  DescribedMethod,
  DescribedService,
  DescribedType,
  DescribedVariant,
  PrimitiveName,
  SchemaDocument,
  TypeRef,
} from "./schema-document.ts";
import type { Service } from "./service.ts";

/** Comments by what they are about: `Billing`, `Billing.lookup`, `Invoice`, `Invoice.lines`. */
export type Docs = Readonly<Record<string, string>>;

/**
 * What services look like, as JSON.
 *
 * @throws TypeError for a type with a codec of its own that is neither channel nor opaque
 */
export function documentOf(services: readonly Service[], docs: Docs = {}): SchemaDocument {
  const types = new NamedTypes(docs);
  const described = services.map((service) => describeService(service, types, docs));
  return { roamSchema: 1, services: described, types: types.described };
}

function describeService(service: Service, types: NamedTypes, docs: Docs): DescribedService {
  const descriptors = service.descriptors();
  const methods = Object.entries(service.methods).map(([name, method]): DescribedMethod => {
    const args = Object.entries(method.args).map(([arg, schema]) => ({ name: arg, type: types.ref(schema) }));
    return {
      name,
      ...docOf(docs, `${service.name}.${name}`),
      id: (descriptors.get(name)?.id ?? 0n).toString(16).padStart(16, "0"),
      args,
      returns: types.ref(method.returns),
      ...(method.error === undefined ? {} : { error: types.ref(method.error) }),
    };
  });
  return { name: service.name, ...docOf(docs, service.name), methods };
}

function docOf(docs: Docs, about: string): { doc?: string } {
  const doc = Object.hasOwn(docs, about) ? docs[about] : undefined;
  return doc === undefined ? {} : { doc };
}

type Named = SchemaNode & { readonly name: string };

/** The types with names that were met so far. */
class NamedTypes {
  readonly #described = new Map<string, DescribedType>();
  readonly #docs: Docs;
  readonly #keys = new Map<SchemaNode, string>();

  constructor(docs: Docs) {
    this.#docs = docs;
  }

  get described(): SchemaDocument["types"] {
    return Object.fromEntries(this.#described);
  }

  ref(schema: Schema): TypeRef {
    const node = nodeOf(schema);
    switch (node.kind) {
      case "list":
        // A list of u8 and bytes are one type in Rust, and one signature.
        return nodeOf(node.item).kind === "u8" ? "bytes" : { list: this.ref(node.item) };
      case "slice":
        return nodeOf(node.item).kind === "u8" ? "byteSlice" : { slice: this.ref(node.item) };
      case "option":
        return { option: this.ref(node.item) };
      case "set":
        return { set: this.ref(node.item) };
      case "array":
        return { array: this.ref(node.item), length: node.length };
      case "map":
        return { map: [this.ref(node.key), this.ref(node.value)] };
      case "result":
        return { result: [this.ref(node.ok), this.ref(node.err)] };
      case "tuple":
        if (node.name !== undefined) return this.#named(node as Named);
        return { tuple: node.items.map((item) => this.ref(item)) };
      case "custom": {
        const channel = asChannel(node);
        if (channel === undefined) return this.#named(node);
        const item = this.ref(channel.item);
        return channel.direction === "tx"
          ? { tx: item, credit: channel.credit }
          : { rx: item, credit: channel.credit };
      }
      case "newtype":
      case "struct":
      case "enum":
        return this.#named(node);
      default:
        return node.kind satisfies PrimitiveName;
    }
  }

  #named(node: Named): TypeRef {
    let key = this.#keys.get(node);
    if (key === undefined) {
      key = this.#freeKey(node.name);
      this.#keys.set(node, key);
      // Holds the type's place in the order of the source, before those inside it.
      this.#described.set(key, { name: node.name, kind: "unitStruct" });
      this.#described.set(key, { name: node.name, ...docOf(this.#docs, key), ...this.#body(node, key) });
    }
    return { ref: key };
  }

  #freeKey(name: string): string {
    let key = name;
    for (let count = 2; this.#described.has(key); count++) key = `${name}${count}`;
    return key;
  }

  #body(node: Named, key: string): OmitName<DescribedType> {
    switch (node.kind) {
      case "struct":
        return { kind: "struct", fields: this.#fields(node.fields, key) };
      case "tuple":
        return { kind: "tupleStruct", items: node.items.map((item) => this.ref(item)) };
      case "newtype": {
        const inner = this.ref(node.inner);
        if (!node.isTransparent) return { kind: "newtype", inner };
        return inner === "unit" ? { kind: "unitStruct" } : { kind: "transparent", inner };
      }
      case "enum": {
        const tag = node.tagProperty === "tag" ? {} : { tag: node.tagProperty };
        return { kind: "enum", ...tag, variants: node.variants.map((one) => this.#variant(one, key)) };
      }
      default: {
        const inner = insideOpaque(node);
        if (inner !== undefined) return { kind: "opaque", inner: this.ref(inner) };
        throw new TypeError(`${key}: a type with a codec of its own cannot be described`);
      }
    }
  }

  #fields(fields: readonly Field[], owner: string): DescribedField[] {
    return fields.map(({ name, schema }) => ({
      name,
      ...docOf(this.#docs, `${owner}.${name}`),
      type: this.ref(schema),
    }));
  }

  #variant(variant: Variant, owner: string): DescribedVariant {
    const named = { name: variant.name, ...docOf(this.#docs, `${owner}.${variant.name}`) };
    switch (variant.kind) {
      case "unit":
        return named;
      case "newtype":
        return { ...named, item: this.ref(variant.item) };
      case "tuple":
        return { ...named, items: variant.items.map((item) => this.ref(item)) };
      case "struct":
        return { ...named, fields: this.#fields(variant.fields, `${owner}.${variant.name}`) };
    }
  }
}

// Over each member of the union, which `Omit` alone would merge.
type OmitName<T> = T extends unknown ? Omit<T, "name" | "doc"> : never;
