import { buildDecoder, type Decode } from "./decoders.ts";
import { buildEncoder, type Encode } from "./encoders.ts";
import { EncodeError } from "./errors.ts";
import { MAX_DEPTH } from "./limits.ts";
import type { Schema, SchemaNode } from "./schema.ts";
import { isLevel, needsDepthCount } from "./shape.ts";

/** The encoders of a schema and of its parts, made when first asked for. */
export function encodersOf(root: Schema): (part: Schema) => Encode {
  return closuresOf<Encode>(root, buildEncoder, countedEncode);
}

/** The decoders of a schema and of its parts, made when first asked for. */
export function decodersOf(root: Schema): (part: Schema) => Decode {
  return closuresOf<Decode>(root, buildDecoder, countedDecode);
}

/** One direction of a schema and its parts; a part met again, or inside itself, is shared. */
function closuresOf<F>(
  root: Schema,
  make: (node: SchemaNode, part: (schema: Schema) => F) => F,
  counted: (inner: F) => F,
): (part: Schema) => F {
  const isCounted = needsDepthCount(root);
  const built = new Map<Schema, F>();
  const part = (schema: Schema): F => {
    const known = built.get(schema);
    if (known !== undefined) return known;
    const plain = make(schema as SchemaNode, part);
    const own = isCounted && isLevel(schema) ? counted(plain) : plain;
    built.set(schema, own);
    return own;
  };
  return part;
}

// r[impl codec.x.limits]
function countedDecode(inner: Decode): Decode {
  return (reader) => {
    reader.enter();
    const value = inner(reader);
    reader.depth--;
    return value;
  };
}

function countedEncode(inner: Encode): Encode {
  return (writer, value) => {
    if (++writer.depth > MAX_DEPTH) {
      writer.depth = 0;
      throw new EncodeError(`nesting deeper than ${MAX_DEPTH}`);
    }
    inner(writer, value);
    writer.depth--;
  };
}
