/**
 * The float whose bits are `hex`, most significant byte first.
 *
 * A NaN of 32 bits is widened by hand: the engine's own conversion makes a signalling one quiet.
 */
export function floatFromBits(hex: string, size: 4 | 8): number {
  if (!new RegExp(`^[0-9a-f]{${size * 2}}$`).test(hex))
    throw new TypeError(`not the bits of a float: ${hex}`);
  const view = new DataView(new ArrayBuffer(8));
  if (size === 8) {
    view.setBigUint64(0, BigInt(`0x${hex}`));
    return view.getFloat64(0);
  }
  const bits = Number(`0x${hex}`);
  view.setUint32(0, bits);
  const value = view.getFloat32(0);
  if (!Number.isNaN(value)) return value;
  view.setUint32(0, (bits & 0x8000_0000) | 0x7ff0_0000 | ((bits & 0x007f_ffff) >>> 3));
  view.setUint32(4, bits << 29);
  return view.getFloat64(0);
}

/** The inverse of `floatFromBits`. */
export function floatToBits(value: number, size: 4 | 8): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  if (size === 8) return view.getBigUint64(0).toString(16).padStart(16, "0");
  let bits: number;
  if (Number.isNaN(value)) {
    const high = view.getUint32(0);
    bits = (high & 0x8000_0000) | 0x7f80_0000 | ((high & 0x000f_ffff) << 3) | (view.getUint32(4) >>> 29);
  } else {
    view.setFloat32(0, value);
    bits = view.getUint32(0);
  }
  return (bits >>> 0).toString(16).padStart(8, "0");
}
