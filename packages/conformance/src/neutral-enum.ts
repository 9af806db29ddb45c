import { type Schema, t, type VariantShape } from "roam-postcard";
import { asObject, mismatch, type Neutral, neutralFields, tuple } from "./neutral-parts.ts";
import type { Json, NeutralPayload, NeutralType, NeutralVariant } from "./neutral-type.ts";

type EnumType = Extract<NeutralType, { kind: "enum" }>;
type Part = (type: NeutralType) => Neutral;
type Properties = readonly (readonly [string, unknown])[];

/** What a variant carries: its shape for `t.enum`, and its payload as properties of the value. */
interface Payload {
  readonly shape: VariantShape;
  toProperties(json: Json): Properties;
  toJson(value: object): Json;
}

export function neutralEnum({ name, variants }: EnumType, part: Part): Neutral {
  const tag = freeTag(variants);
  const payloads = variants.map((variant) => payload(variant.payload, part));
  const isUnitsOnly = variants.every((variant) => variant.payload.kind === "unit-variant");
  const shapes = Object.fromEntries(
    variants.map((variant, at) => [variant.name, (payloads[at] as Payload).shape]),
  );
  return {
    schema: t.enum(name, shapes, { tag }) as Schema,
    toValue: (json) => {
      const { variant, index, value } = asObject(json);
      const own = payloads[index as number];
      if (own === undefined || variants[index as number]?.name !== variant)
        return mismatch(`a ${name}`, json);
      const properties = own.toProperties(value as Json);
      return isUnitsOnly ? variant : Object.fromEntries([[tag, variant], ...properties]);
    },
    toJson: (value) => {
      const own = isUnitsOnly ? value : (value as { [key: string]: unknown })[tag];
      const index = variants.findIndex((variant) => variant.name === own);
      const { toJson } = payloads[index] ?? mismatch(`a variant of ${name}`, String(own));
      return { variant: own as string, index, value: toJson(Object(value)) };
    },
  };
}

/** `tag`, or the first longer name that no variant has a field of. */
function freeTag(variants: readonly NeutralVariant[]): string {
  const taken = new Set(
    variants.flatMap(({ payload }) =>
      payload.kind === "struct-variant" ? payload.fields.map(([name]) => name) : [],
    ),
  );
  let tag = "tag";
  while (taken.has(tag)) tag += "_";
  return tag;
}

function payload(type: NeutralPayload, part: Part): Payload {
  switch (type.kind) {
    case "unit-variant":
      return {
        shape: t.unit,
        toProperties: (json) => (json === null ? [] : mismatch("null", json)),
        toJson: () => null,
      };
    case "newtype-variant": {
      const item = part(type.item);
      return {
        // In brackets: one field of type unit is not a variant without fields.
        shape: [item.schema],
        toProperties: (json) => [["value", item.toValue(json)]],
        toJson: (value) => item.toJson(payloadOf(value)),
      };
    }
    case "tuple-variant":
      return tuplePayload(type.items.map(part));
    case "struct-variant": {
      const fields = neutralFields(type.fields, part);
      return { shape: fields.schemas, toProperties: fields.toEntries, toJson: fields.toJson };
    }
    default:
      throw new TypeError(`unknown kind in ${JSON.stringify(type)}`);
  }
}

function tuplePayload(items: readonly Neutral[]): Payload {
  const whole = tuple(items, t.tuple);
  // Our form of a variant with one unnamed field holds the field itself.
  const isBare = items.length === 1;
  return {
    shape: items.map((item) => item.schema),
    toProperties: (json) => {
      const values = whole.toValue(json) as unknown[];
      return [["value", isBare ? values[0] : values]];
    },
    toJson: (value) => whole.toJson(isBare ? [payloadOf(value)] : payloadOf(value)),
  };
}

function payloadOf(variant: object): unknown {
  return (variant as { readonly value: unknown }).value;
}
