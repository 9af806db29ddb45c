import { insideOpaque } from "roam/schema";
import { type Field, isNullable, nodeOf, type Schema, type Variant } from "roam-postcard";
import { bytesText } from "./bytes-text.ts";
import { isIntegerKind, jsonFromFloat, jsonFromInteger } from "./numbers.ts";
import { hasTextKeys } from "./value-from-json.ts";

/**
 * A value of a schema as JSON. Integers are numbers while that is exact, else texts; bytes are
 * "base64:…"; maps with text keys are objects, other maps arrays of pairs; sets are arrays.
 */
export function jsonFromValue(schema: Schema, value: unknown): unknown {
  const node = nodeOf(schema);
  if (isIntegerKind(node.kind)) return jsonFromInteger(value as number | bigint);
  switch (node.kind) {
    case "f32":
    case "f64":
      return jsonFromFloat(value as number);
    case "unit":
      return null;
    case "bytes":
    case "trailing":
      return bytesText(value as Uint8Array);
    case "slice":
    case "list":
    case "array":
      if (value instanceof Uint8Array) return bytesText(value);
      return (value as unknown[]).map((item) => jsonFromValue(node.item, item));
    case "set":
      return [...(value as Set<unknown>)].map((item) => jsonFromValue(node.item, item));
    case "option":
      if (value === null) return null;
      if (!isNullable(node.item)) return jsonFromValue(node.item, value);
      return { some: jsonFromValue(node.item, (value as { some: unknown }).some) };
    case "map":
      return jsonFromMap(node.key, node.value, value as Map<unknown, unknown>);
    case "tuple":
      return (value as unknown[]).map((item, index) => jsonFromValue(node.items[index] as Schema, item));
    case "newtype":
      return jsonFromValue(node.inner, value);
    case "struct":
      return jsonFromFields(node.fields, value as Record<string, unknown>);
    case "enum":
      return jsonFromEnum(node, value);
    case "result":
      return "ok" in (value as object)
        ? { ok: jsonFromValue(node.ok, (value as { ok: unknown }).ok) }
        : { err: jsonFromValue(node.err, (value as { err: unknown }).err) };
    case "custom": {
      const inner = insideOpaque(node);
      return inner === undefined ? "(a channel)" : jsonFromValue(inner, value);
    }
    default:
      return value;
  }
}

function jsonFromFields(fields: readonly Field[], value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, schema }) => [name, jsonFromValue(schema, value[name])]));
}

function jsonFromMap(key: Schema, item: Schema, map: Map<unknown, unknown>): unknown {
  const pairs = [...map].map(([name, one]) => [jsonFromValue(key, name), jsonFromValue(item, one)] as const);
  return hasTextKeys(key) ? Object.fromEntries(pairs) : pairs;
}

function jsonFromEnum(
  { tagProperty, variants }: { readonly tagProperty: string; readonly variants: readonly Variant[] },
  value: unknown,
): unknown {
  if (typeof value === "string") return value;
  const parts = value as Record<string, unknown>;
  const name = parts[tagProperty];
  const variant = variants.find((one) => one.name === name);
  switch (variant?.kind) {
    case "newtype":
      return { [tagProperty]: name, value: jsonFromValue(variant.item, parts.value) };
    case "tuple":
      return {
        [tagProperty]: name,
        value: (parts.value as unknown[]).map((item, index) =>
          jsonFromValue(variant.items[index] as Schema, item),
        ),
      };
    case "struct":
      return { [tagProperty]: name, ...jsonFromFields(variant.fields, parts) };
    default:
      return { [tagProperty]: name };
  }
}
