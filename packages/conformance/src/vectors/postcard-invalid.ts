import { decodeValue, encodeValue } from "../coded.ts";
import { fromHex, toHex } from "../hex.ts";
import { neutral } from "../neutral.ts";
import type { Json, NeutralType } from "../neutral-type.ts";
import { sameValue } from "../same-value.ts";
import { hasOverRangeVarint } from "./leniency.ts";
import { Difference, expectEqual, expectRefused, show, type Tally } from "./tally.ts";

type InvalidCase = { readonly name: string; readonly type: NeutralType; readonly hex: string } & (
  | { readonly outcome: "error" }
  | Accepted
);

interface Accepted {
  readonly outcome: "accepts";
  /** The bytes are those the value encodes to. */
  readonly canonical: boolean;
  readonly reencoded_hex: string;
  readonly value?: Json;
  /** Instead of a value, where it is a long list of nothing: how many items. */
  readonly value_items?: number;
}

/** postcard_invalid.json: what the published decoder refuses, and what it lets through. */
export function checkPostcardInvalid(file: unknown, tally: Tally): void {
  let refused = 0;
  for (const c of file as readonly InvalidCase[]) {
    tally.run(c.name, () => {
      const bytes = fromHex(c.hex);
      if (c.outcome === "error") {
        expectRefused("decoded", () => decode(c.type, bytes));
      } else if (c.outcome !== "accepts") {
        throw new TypeError(`unknown outcome ${show((c as { outcome: unknown }).outcome)}`);
      } else if (hasOverRangeVarint(c.type, bytes)) {
        expectRefused("over-range varint", () => decode(c.type, bytes));
        refused++;
      } else checkAccepted(c.type, c.hex, c);
    });
  }
  tally.notes.push(
    `${refused} over-range varints among them are refused where 7.3 drops bits (codec.x.leniency)`,
  );
}

function decode(type: NeutralType, bytes: Uint8Array): unknown {
  return decodeValue(neutral(type).schema, bytes, { isStrict: false });
}

function checkAccepted(type: NeutralType, hex: string, expected: Accepted): void {
  const { schema, toValue, toJson } = neutral(type);
  const decoded = decode(type, fromHex(hex));
  if (expected.value_items !== undefined) {
    expectEqual("items", (decoded as readonly unknown[]).length, expected.value_items);
    expectEqual("encoded again", toHex(encodeValue(schema, decoded)), expected.reencoded_hex);
  } else {
    const value = toValue(expected.value as Json);
    if (!sameValue(decoded, value)) {
      throw new Difference(`decoded: expected ${show(expected.value)}, got ${show(toJson(decoded))}`);
    }
    // The published encoder sorts sets and maps, ours keeps the order it is given.
    expectEqual("encoded", toHex(encodeValue(schema, value)), expected.reencoded_hex);
  }
  if (expected.canonical) expectEqual("encoded again", toHex(encodeValue(schema, decoded)), hex);
}
