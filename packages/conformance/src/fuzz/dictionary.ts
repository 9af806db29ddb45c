/** Varints at the ends of their types and beyond, in forms that are minimal and not. */
const VARINTS = [
  "00",
  "01",
  "7f",
  "8000",
  "8001",
  "ff7f",
  "808001",
  "ffff03",
  "808004",
  "ffffff07",
  "80808008",
  "81808008",
  "ffffffff07",
  "8080808008",
  "ffffffff0f",
  "8080808010",
  "ffffffffffffff0f",
  "8080808080808010",
  "ffffffffffffffff7f",
  "ffffffffffffffffff01",
  "80808080808080808002",
  "8080808080808080808000",
  "ffffffffffffffffffffffffffffffffffff03",
  "80808080808080808080808080808080808004",
];

/** Texts: edges of UTF-8, and what looks like it. */
const TEXTS = [
  "efbbbf",
  "c3a9",
  "e282ac",
  "f09f9880",
  "f48fbfbf",
  "f4908080",
  "eda080",
  "edb080",
  "c080",
  "e08080",
  "c3",
  "80",
  "ff",
  "00",
];

/** Floats: NaNs with a load, infinities, -0. */
const FLOATS = ["0000c07f", "010080ff", "0000807f", "00000080", "010000000000f07f", "0000000000000080"];

/** Magics of the stable conduit's hellos. */
const MAGICS = ["524f4348", "524f5348"];

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** Pieces of bytes that decide much. */
export const BYTES: readonly Uint8Array[] = [...VARINTS, ...TEXTS, ...FLOATS, ...MAGICS].map(bytes);

/** The same for a list of texts. */
export function textPieces(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}
