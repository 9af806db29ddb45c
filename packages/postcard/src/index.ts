export { type Codec, compile, decode, encode } from "./codec.ts";
export { DecodeError, EncodeError, type Path } from "./errors.ts";
export { MAX_DEPTH, MAX_ELEMENTS } from "./limits.ts";
export { Reader } from "./reader.ts";
export { isArrayBuffer, isBytes } from "./realms.ts";
export {
  type CustomNode,
  type EnumNode,
  type Field,
  type Infer,
  isNullable,
  nodeOf,
  partsOf,
  type Schema,
  type SchemaNode,
  type StructNode,
  type Variant,
} from "./schema.ts";
export { isWeightless } from "./shape.ts";
export type * from "./t.ts";
export { t } from "./t.ts";
export { concat, type Mark, type Slab, Writer } from "./writer.ts";
