import { decodersOf, encodersOf } from "../closures.ts";
import type { Codec, OpenCodec } from "../codec.ts";
import { Reader } from "../reader.ts";
import { nodeOf, partsOf, type Schema } from "../schema.ts";
import { bytesEncoder } from "./bytes-encoder.ts";
import { decodeHelp } from "./decode-help.ts";
import { encodeHelp } from "./encode-help.ts";
import { exchange } from "./exchange.ts";

type Encode = Codec<unknown>["encode"];
type Decode = Codec<unknown>["decode"];

/** The straight-line code of one schema, as generated modules carry it (see `staticCodeText`). */
export interface StaticCode {
  /**
   * @param help functions that the code refers to
   * @param closure gives the closure of a part, by the places that lead to it
   * @param slow does what is not usual, errors above all
   */
  encoder(help: object, closure: (path: readonly number[]) => Encode, slow: Encode): Encode;
  decoder(help: object, closure: (path: readonly number[]) => Decode, slow: Decode): Decode;
}

/** Puts code in the place of a codec's closures, each direction when it is first used. */
export function useStaticCode<T>(codec: Codec<T>, code: StaticCode): void {
  const open = codec as OpenCodec;
  const { schema, encode, decode } = open;
  exchange(open, "encode", 0, () =>
    code.encoder(encodeHelp, (path) => encodersOf(schema)(partAt(schema, path)) as Encode, encode),
  );
  exchange(open, "decode", 0, () =>
    code.decoder(decodeHelp, (path) => decodersOf(schema)(partAt(schema, path)) as Decode, decode),
  );
  open.toBytes = bytesEncoder((writer, value) => open.encode(writer, value));
  open.fromBytes = (bytes) => open.decode(new Reader(bytes));
}

function partAt(root: Schema, path: readonly number[]): Schema {
  return path.reduce(
    (part, index) => nodeOf(partsOf(part)[index] as Schema) as Schema,
    nodeOf(root) as Schema,
  );
}
