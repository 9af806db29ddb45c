import { type Fields, isWeightless, type Schema, t, type VariantShape } from "roam-postcard";
import { channelSchema } from "./channel-schema.ts";
import { checkDocument } from "./check-document.ts";
import { knownIds } from "./known-identity.ts";
import { opaqueSchema } from "./opaque-schema.ts";
import {
  type DescribedField,
  type DescribedMethod,
  type DescribedType,
  type DescribedVariant,
  type SchemaDocument,
  type TypeRef,
  tagOf,
} from "./schema-document.ts";
import { type Method, method, type Service } from "./service.ts";

/**
 * The services of a document, ready to be called or served, with the ids it states.
 *
 * @param document of any origin: it is checked
 * @throws TypeError with the place of what is wrong in it
 */
export function servicesOf(document: unknown): Map<string, Service> {
  checkDocument(document);
  const types = new Types(document);
  return new Map(
    document.services.map(({ name, methods }) => [
      name,
      knownIds(
        name,
        Object.fromEntries(methods.map((one) => [one.name, types.method(one)])),
        Object.fromEntries(methods.map((one) => [one.name, BigInt(`0x${one.id}`)])),
      ),
    ]),
  );
}

/** Types inside types by their names: every look at a type goes as deep. */
const MAX_NAMED_DEPTH = 256;

/** Values without bytes in one array: no payload holds their number, and they take memory all the same. */
const MAX_WITHOUT_BYTES = 65_536;

function arrayOf(item: Schema, length: number): Schema {
  if (length > MAX_WITHOUT_BYTES && isWeightless(item)) {
    throw new TypeError(`not a schema: an array of more than ${MAX_WITHOUT_BYTES} values without bytes`);
  }
  return t.array(item, length);
}

class Types {
  readonly #described: SchemaDocument["types"];
  readonly #built = new Map<string, Schema>();
  #depth = 0;

  constructor({ types }: SchemaDocument) {
    this.#described = types;
  }

  method({ args, returns, error }: DescribedMethod): Method {
    return method(
      this.#fields(args),
      this.#schema(returns),
      error === undefined ? undefined : this.#schema(error),
    );
  }

  #schema(ref: TypeRef): Schema {
    if (typeof ref === "string") return t[ref];
    if ("ref" in ref) return this.#named(ref.ref);
    if ("list" in ref) return t.list(this.#schema(ref.list));
    if ("slice" in ref) return t.slice(this.#schema(ref.slice));
    if ("option" in ref) return t.option(this.#schema(ref.option));
    if ("set" in ref) return t.set(this.#schema(ref.set));
    if ("array" in ref) return arrayOf(this.#schema(ref.array), ref.length);
    if ("map" in ref) return t.map(this.#schema(ref.map[0]), this.#schema(ref.map[1]));
    if ("tuple" in ref) return t.tuple(ref.tuple.map((item) => this.#schema(item)));
    if ("result" in ref) return t.result(this.#schema(ref.result[0]), this.#schema(ref.result[1]));
    if ("tx" in ref) return channelSchema("tx", this.#schema(ref.tx), ref.credit);
    return channelSchema("rx", this.#schema(ref.rx), ref.credit);
  }

  /** A named type is built once; where it is met again while being built, a reference stands. */
  #named(key: string): Schema {
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    let whole: Schema | undefined;
    this.#built.set(
      key,
      t.lazy(() => whole as Schema),
    );
    if (++this.#depth > MAX_NAMED_DEPTH) {
      throw new TypeError(`not a schema: types.${key} is inside ${MAX_NAMED_DEPTH} others`);
    }
    whole = this.#build(this.#described[key] as DescribedType);
    this.#depth--;
    this.#built.set(key, whole);
    return whole;
  }

  #build(type: DescribedType): Schema {
    switch (type.kind) {
      case "struct":
        return t.struct(type.name, this.#fields(type.fields));
      case "tupleStruct":
        return t.tupleStruct(
          type.name,
          type.items.map((item) => this.#schema(item)),
        );
      case "unitStruct":
        return t.unitStruct(type.name);
      case "newtype":
        return t.newtype(type.name, this.#schema(type.inner));
      case "transparent":
        return t.transparent(type.name, this.#schema(type.inner));
      case "opaque":
        return opaqueSchema(type.name, this.#schema(type.inner));
      case "enum":
        return t.enum(
          type.name,
          Object.fromEntries(type.variants.map((one) => [one.name, this.#variant(one)])),
          { tag: tagOf(type) },
        );
    }
  }

  #fields(fields: readonly DescribedField[]): Fields {
    return Object.fromEntries(fields.map(({ name, type }) => [name, this.#schema(type)]));
  }

  #variant({ item, items, fields }: DescribedVariant): VariantShape {
    // As a list of one, for a unit inside a variant is not a variant of unit.
    if (item !== undefined) return [this.#schema(item)];
    if (items !== undefined) return items.map((one) => this.#schema(one));
    if (fields !== undefined) return this.#fields(fields);
    return t.unit;
  }
}
