const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** Where the value that was read last ends. */
export const place = { end: 0 };

export function invalid(what: string): never {
  throw new RangeError(`invalid ${what}`);
}

function varintAt(bytes: Uint8Array, start: number): number {
  let at = start;
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = at < bytes.length ? (bytes[at++] as number) : invalid("end");
    if (shift === 28 && byte > 0x0f) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      place.end = at;
      return value >>> 0;
    }
  }
  return invalid("varint");
}

export function integerAt(bytes: Uint8Array, at: number): number {
  const value = varintAt(bytes, at);
  return (value >>> 1) ^ -(value & 1);
}

/** A length or count: each of its elements takes a byte at least. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  const length = varintAt(bytes, at);
  return length <= bytes.length - place.end ? length : invalid("length");
}

/** Up to this many bytes a loop beats a call into Node. */
const SHORT = 12;

export function textAt(bytes: Uint8Array, start: number): string {
  const length = lengthAt(bytes, start);
  const from = place.end;
  const end = from + length;
  place.end = end;
  if (length <= SHORT) {
    let text = "";
    let at = from;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  } else if (length < 64) {
    let seen = 0;
    for (let at = from; at < end; at++) seen |= bytes[at] as number;
    if (seen < 0x80) return latin1Slice.call(bytes, from, end);
  }
  return decoder.decode(bytes.subarray(from, end));
}

export function floats(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
