// The engine's own conversions between 32 and 64 bits make a signalling NaN quiet; these keep it.
const scratch = new DataView(new ArrayBuffer(8));

/** The NaN whose bits as an f32 are `bits`. */
export function nanOfF32Bits(bits: number): number {
  scratch.setUint32(0, (bits & 0x8000_0000) | 0x7ff0_0000 | ((bits & 0x007f_ffff) >>> 3));
  scratch.setUint32(4, bits << 29);
  return scratch.getFloat64(0);
}

/** The bits of a NaN as an f32; one whose payload is all in the lower half becomes the plain NaN. */
export function f32BitsOfNaN(value: number): number {
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const payload = ((high & 0x000f_ffff) << 3) | (scratch.getUint32(4) >>> 29);
  return ((high & 0x8000_0000) | 0x7f80_0000 | (payload === 0 ? 0x0040_0000 : payload)) >>> 0;
}
