import { asChannel, type ChannelNode, insideOpaque } from "roam/schema";
import { type Field, isNullable, nodeOf, type Schema, type Variant } from "roam-postcard";
import { bytesFromJson } from "./bytes-text.ts";
import { atField, atIndex, JsonError, shown } from "./json-path.ts";
import { floatFromJson, integerFromJson, integerValue, isIntegerKind } from "./numbers.ts";
import type { Json } from "./parse-json.ts";

/** What stands where a value has a channel; `json` is what was given there, if anything. */
export type ChannelFromJson = (channel: ChannelNode, json: Json | undefined, path: string) => unknown;

export interface FromJsonOptions {
  /** Without it a channel is an error. */
  readonly channel?: ChannelFromJson;
  /** Name of the whole, for messages. */
  readonly path?: string;
}

/**
 * A value of a schema from its JSON form, as `jsonFromValue` writes it. Missing fields are null
 * where the type allows that; unknown ones are an error.
 *
 * @throws JsonError with the place of what does not fit
 */
export function valueFromJson(
  schema: Schema,
  json: Json | undefined,
  options: FromJsonOptions = {},
): unknown {
  return new FromJson(options.channel).value(schema, json, options.path ?? "");
}

class FromJson {
  readonly #channel: ChannelFromJson | undefined;

  constructor(channel: ChannelFromJson | undefined) {
    this.#channel = channel;
  }

  value(schema: Schema, given: Json | undefined, path: string): unknown {
    const node = nodeOf(schema);
    if (node.kind === "custom") return this.#custom(node as Schema, given, path);
    // Of the same weight: JSON has no undefined.
    const json = given ?? null;
    if (isIntegerKind(node.kind)) return integerValue(node, integerFromJson(node.kind, json, path));
    switch (node.kind) {
      case "bool":
        if (typeof json !== "boolean") throw expected("true or false", json, path);
        return json;
      case "f32":
      case "f64":
        return floatFromJson(node.kind, json, path);
      case "string":
        if (typeof json !== "string") throw expected("a text", json, path);
        return json;
      case "char":
        if (typeof json !== "string" || [...json].length !== 1)
          throw expected("a text of one character", json, path);
        return json;
      case "bytes":
      case "trailing":
        return bytesFromJson(json, path);
      case "unit":
        if (json !== null) throw expected("null", json, path);
        return undefined;
      case "slice":
      case "list":
        if (nodeOf(node.item).kind === "u8" && node.kind === "slice") return bytesFromJson(json, path);
        return this.#items(node.item, json, path);
      case "set":
        return new Set(this.#items(node.item, json, path));
      case "array":
        return this.#items(node.item, json, path, node.length);
      case "option":
        return this.#option(node.item, json, path);
      case "map":
        return this.#map(node.key, node.value, json, path);
      case "tuple":
        return this.#tuple(node.items, json, path);
      case "newtype":
        return this.value(node.inner, given, path);
      case "struct":
        return this.fields(node.fields, json, path);
      case "enum":
        return this.#enum(node, json, path);
      case "result":
        return this.#result(node, json, path);
    }
    throw new TypeError(`${node.kind} has no form in JSON`);
  }

  /** Fields by name, or in their order as an array. */
  fields(fields: readonly Field[], json: Json, path: string, alsoKnown?: string): Record<string, unknown> {
    if (Array.isArray(json)) {
      const items = this.#tuple(
        fields.map(({ schema }) => schema),
        json,
        path,
      );
      return Object.fromEntries(fields.map(({ name }, index) => [name, items[index]]));
    }
    if (!isObject(json))
      throw expected(fields.length === 0 ? "{}" : `an object with ${names(fields)}`, json, path);
    const unknown = Object.keys(json).find(
      (name) => name !== alsoKnown && !fields.some((field) => field.name === name),
    );
    if (unknown !== undefined) {
      const known = fields.length === 0 ? "there are none" : `there are ${names(fields)}`;
      throw new JsonError(atField(path, unknown), `unknown field; ${known}`);
    }
    return Object.fromEntries(
      fields.map(({ name, schema }) => [name, this.#field(name, schema, json, path)]),
    );
  }

  #field(name: string, schema: Schema, json: { readonly [key: string]: Json }, path: string): unknown {
    const at = atField(path, name);
    if (Object.hasOwn(json, name)) return this.value(schema, json[name], at);
    if (!mayBeMissing(schema)) throw new JsonError(at, "this field is missing");
    return this.value(schema, undefined, at);
  }

  #custom(schema: Schema, json: Json | undefined, path: string): unknown {
    const channel = asChannel(schema);
    if (channel !== undefined) {
      if (this.#channel === undefined) throw new JsonError(path, "a channel has no form in JSON");
      return this.#channel(channel, json, path);
    }
    const inner = insideOpaque(schema);
    if (inner === undefined) throw new TypeError("a type with a codec of its own has no form in JSON");
    return this.value(inner, json, path);
  }

  #items(item: Schema, json: Json, path: string, length?: number): unknown[] {
    if (!Array.isArray(json)) throw expected("an array", json, path);
    if (length !== undefined && json.length !== length) {
      throw new JsonError(path, `expected ${length} items, got ${json.length}`);
    }
    return json.map((one: Json, index) => this.value(item, one, atIndex(path, index)));
  }

  #tuple(items: readonly Schema[], json: Json, path: string): unknown[] {
    if (!Array.isArray(json)) throw expected(`an array of ${items.length}`, json, path);
    if (json.length > items.length || !items.slice(json.length).every(mayBeMissing)) {
      throw new JsonError(path, `expected ${items.length} items, got ${json.length}`);
    }
    return items.map((item, index) =>
      this.value(item, json[index] as Json | undefined, atIndex(path, index)),
    );
  }

  /** Where the inner value may be null itself, `Some` is `{"some": …}`. */
  #option(item: Schema, json: Json, path: string): unknown {
    if (json === null) return null;
    if (!isNullable(item)) return this.value(item, json, path);
    if (!isObject(json) || !Object.hasOwn(json, "some") || Object.keys(json).length !== 1) {
      throw expected('null or {"some": …}', json, path);
    }
    return { some: this.value(item, json.some, atField(path, "some")) };
  }

  #map(key: Schema, value: Schema, json: Json, path: string): Map<unknown, unknown> {
    if (Array.isArray(json)) {
      return new Map(
        json.map(
          (pair: Json, index) => this.#tuple([key, value], pair, atIndex(path, index)) as [unknown, unknown],
        ),
      );
    }
    if (!isObject(json) || !hasTextKeys(key)) throw expected(mapForm(key), json, path);
    return new Map(
      Object.entries(json).map(([name, one]) => [
        this.value(key, name, `${path}: the key ${shown(name)}`),
        this.value(value, one, atField(path, name)),
      ]),
    );
  }

  #enum(
    { tagProperty, variants }: { readonly tagProperty: string; readonly variants: readonly Variant[] },
    json: Json,
    path: string,
  ): unknown {
    const isText = variants.every(({ kind }) => kind === "unit");
    const name = typeof json === "string" ? json : isObject(json) ? json[tagProperty] : undefined;
    const known = variants.map((variant) => variant.name).join(", ");
    if (typeof name !== "string") {
      throw expected(
        isText ? `one of ${known}` : `{${JSON.stringify(tagProperty)}: …} with one of ${known}`,
        json,
        path,
      );
    }
    const variant = variants.find((one) => one.name === name);
    if (variant === undefined)
      throw new JsonError(path, `unknown variant ${shown(name)}; there are ${known}`);
    if (isText && typeof json === "string") return name;
    const carried = isObject(json) ? json : {};
    const value = this.#variant(variant, carried, path, tagProperty);
    return isText ? name : { [tagProperty]: name, ...value };
  }

  #variant(
    variant: Variant,
    json: { readonly [key: string]: Json },
    path: string,
    tagProperty: string,
  ): Record<string, unknown> {
    const { kind, name } = variant;
    if (kind === "struct") return this.fields(variant.fields, json, path, tagProperty);
    const isBare = kind === "unit";
    const unknown = Object.keys(json).find((key) => key !== tagProperty && (isBare || key !== "value"));
    if (unknown !== undefined) {
      throw new JsonError(
        atField(path, unknown),
        `unknown field; ${name} has ${isBare ? "none" : 'what it carries in "value"'}`,
      );
    }
    if (isBare) return {};
    const at = atField(path, "value");
    if (!Object.hasOwn(json, "value") && !(kind === "newtype" && mayBeMissing(variant.item))) {
      throw new JsonError(at, `this field is missing: it is what ${name} carries`);
    }
    const value =
      kind === "newtype"
        ? this.value(variant.item, json.value, at)
        : this.#tuple(variant.items, json.value ?? null, at);
    return { value };
  }

  #result({ ok, err }: { readonly ok: Schema; readonly err: Schema }, json: Json, path: string): unknown {
    const keys = isObject(json) ? Object.keys(json) : [];
    if (!isObject(json) || keys.length !== 1 || (keys[0] !== "ok" && keys[0] !== "err")) {
      throw expected('{"ok": …} or {"err": …}', json, path);
    }
    return keys[0] === "ok"
      ? { ok: this.value(ok, json.ok, atField(path, "ok")) }
      : { err: this.value(err, json.err, atField(path, "err")) };
  }
}

/** True if a missing field stands for a value: null of an option, a unit, a channel. */
export function mayBeMissing(schema: Schema): boolean {
  const node = nodeOf(schema);
  if (node.kind === "newtype") return mayBeMissing(node.inner);
  return node.kind === "option" || node.kind === "unit" || asChannel(schema) !== undefined;
}

/** True if keys of a map are texts in JSON too, so that the map is an object. */
export function hasTextKeys(key: Schema): boolean {
  const node = nodeOf(key);
  return node.kind === "newtype" ? hasTextKeys(node.inner) : node.kind === "string" || node.kind === "char";
}

function mapForm(key: Schema): string {
  return hasTextKeys(key) ? "an object, or an array of [key, value]" : "an array of [key, value]";
}

function isObject(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function names(fields: readonly Field[]): string {
  return fields.map(({ name }) => name).join(", ");
}

function expected(what: string, json: Json, path: string): JsonError {
  return new JsonError(path, `expected ${what}, got ${shown(json)}`);
}
