import { channelSchema } from "roam/schema";
import { t } from "roam-postcard";
import { neutralEnum } from "./neutral-enum.ts";
import {
  byteArray,
  float,
  map,
  mismatch,
  type Neutral,
  neutralFields,
  nothing,
  option,
  plain,
  result,
  sequence,
  set,
  tuple,
  wide,
} from "./neutral-parts.ts";
import { isClosed, type NeutralField, type NeutralType } from "./neutral-type.ts";

export type { Neutral } from "./neutral-parts.ts";

/** What surrounds a type while it is built. */
interface Scope {
  /** The named types around it, which a `ref` may mean. */
  readonly names: ReadonlyMap<string, () => Neutral>;
  /** Types without open references by their text: equal texts are one type, with one identity. */
  readonly known: Map<string, Neutral>;
}

/**
 * Reads a type description.
 *
 * @param known shared by the types of one method, so that a type met twice is the same one
 * @throws TypeError for a kind or a reference that means nothing
 */
export function neutral(type: NeutralType, known: Map<string, Neutral> = new Map()): Neutral {
  return build(type, { names: new Map(), known });
}

function build(type: NeutralType, scope: Scope): Neutral {
  if (!isClosed(type)) return buildNew(type, scope);
  const text = JSON.stringify(type);
  let found = scope.known.get(text);
  if (found === undefined) {
    found = buildNew(type, scope);
    scope.known.set(text, found);
  }
  return found;
}

/** Rust's `Infallible`, which the vectors write as a unit struct: a type without values. */
const infallible = t.custom<undefined>({
  name: "Infallible",
  minBytes: 0,
  encode: (writer) => writer.fail("a value of a type that has none"),
  decode: (reader) => reader.fail("a value of a type that has none"),
});

function buildNew(type: NeutralType, scope: Scope): Neutral {
  const part = (inner: NeutralType): Neutral => build(inner, scope);
  switch (type.kind) {
    case "bool":
      return plain(t.bool, "boolean");
    case "u8":
    case "u16":
    case "u32":
    case "i8":
    case "i16":
    case "i32":
      return plain(t[type.kind], "number");
    case "u64":
    case "u128":
    case "usize":
    case "i64":
    case "i128":
    case "isize":
      return wide(t[type.kind]);
    case "f32":
      return float(t.f32, 4);
    case "f64":
      return float(t.f64, 8);
    case "char":
    case "string":
      return plain(t[type.kind], "string");
    case "unit":
      return nothing(t.unit);
    case "bytes":
      return byteArray(t.bytes);
    case "trailing-payload":
      return byteArray(t.trailing);
    case "list":
      return sequence(part(type.item), t.list);
    case "slice":
      return type.item.kind === "u8" ? byteArray(t.byteSlice) : sequence(part(type.item), t.slice);
    case "array":
      return sequence(part(type.item), (item) => t.array(item, type.len));
    case "set":
      return set(part(type.item));
    case "map":
      return map(part(type.key), part(type.value));
    case "option":
      return option(part(type.item));
    case "result":
      return result(part(type.ok), part(type.err));
    case "tuple":
      return tuple(type.items.map(part), t.tuple);
    case "tx":
    case "rx":
      return nothing(channelSchema(type.kind, part(type.item).schema, type.credit));
    case "unit-struct":
      return nothing(type.name === "Infallible" ? infallible : t.unitStruct(type.name));
    case "transparent":
      return named(type.name, scope, (inside) => {
        const inner = build(type.inner, inside);
        return { ...inner, schema: t.transparent(type.name, inner.schema) };
      });
    case "tuple-struct":
      return named(type.name, scope, (inside) => tupleStruct(type.name, type.items, inside));
    case "struct":
      return named(type.name, scope, (inside) => struct(type.name, type.fields, inside));
    case "enum":
      return named(type.name, scope, (inside) => neutralEnum(type, (inner) => build(inner, inside)));
    case "ref":
      return reference(type.name, scope);
    default:
      throw new TypeError(`unknown kind in ${JSON.stringify(type)}`);
  }
}

function tupleStruct(name: string, types: readonly NeutralType[], inside: Scope): Neutral {
  const items = types.map((item) => build(item, inside));
  const [only] = items;
  if (only === undefined || items.length > 1) return tuple(items, (parts) => t.tupleStruct(name, parts));
  // A struct of one unnamed field: our value of it is the field's.
  const whole = tuple(items, t.tuple);
  return {
    schema: t.newtype(name, only.schema),
    toValue: (json) => (whole.toValue(json) as [unknown])[0],
    toJson: (value) => whole.toJson([value]),
  };
}

function struct(name: string, list: readonly NeutralField[], inside: Scope): Neutral {
  const fields = neutralFields(list, (type) => build(type, inside));
  return {
    schema: t.struct(name, fields.schemas),
    toValue: (json) => Object.fromEntries(fields.toEntries(json)),
    toJson: (value) => fields.toJson(value as object),
  };
}

/** Builds a type that may refer to itself by its name. */
function named(name: string, scope: Scope, make: (inside: Scope) => Neutral): Neutral {
  let own: Neutral | undefined;
  const self = (): Neutral => own ?? mismatch("a finished type", name);
  own = make({ ...scope, names: new Map(scope.names).set(name, self) });
  return own;
}

function reference(name: string, { names }: Scope): Neutral {
  const target = names.get(name);
  if (target === undefined) throw new TypeError(`no type ${name} around the reference to it`);
  return {
    schema: t.lazy(() => target().schema),
    toValue: (json) => target().toValue(json),
    toJson: (value) => target().toJson(value),
  };
}
