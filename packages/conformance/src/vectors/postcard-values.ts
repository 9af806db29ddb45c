import { decodeValue, encodeValue } from "../coded.ts";
import { fromHex, toHex } from "../hex.ts";
import { neutral } from "../neutral.ts";
import type { Json, NeutralType } from "../neutral-type.ts";
import { sameValue } from "../same-value.ts";
import { Difference, expectEqual, show, type Tally } from "./tally.ts";

interface ValueCase {
  readonly name: string;
  readonly type: NeutralType;
  readonly value: Json;
  readonly hex: string;
  /** The published decoder refuses these bytes of its own encoder; ours has no reason to. */
  readonly decodes?: false;
}

/** postcard_values.json: encode to the same bytes, decode to the same value, and back again. */
export function checkPostcardValues(file: unknown, tally: Tally): void {
  for (const c of file as readonly ValueCase[])
    tally.run(c.name, () => checkRoundTrip(c.type, c.value, c.hex));
}

export function checkRoundTrip(type: NeutralType, json: Json, hex: string): void {
  const { schema, toValue, toJson } = neutral(type);
  const value = toValue(json);
  expectEqual("encoded", toHex(encodeValue(schema, value)), hex);
  const decoded = decodeValue(schema, fromHex(hex), { isStrict: true });
  if (!sameValue(decoded, value)) {
    throw new Difference(`decoded: expected ${show(json)}, got ${show(toJson(decoded))}`);
  }
  expectEqual("encoded again", toHex(encodeValue(schema, decoded)), hex);
  if (!sameValue(toValue(toJson(decoded)), value)) {
    throw new Difference(`as JSON: expected ${show(json)}, got ${show(toJson(decoded))}`);
  }
}
