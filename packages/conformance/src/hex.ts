/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** @throws TypeError for text that is not whole bytes of hex */
export function fromHex(text: string): Uint8Array {
  if (!isHex(text)) throw new TypeError(`not hex: ${text}`);
  return new Uint8Array(Buffer.from(text, "hex"));
}

export function isHex(text: string): boolean {
  return /^([0-9a-f]{2})*$/.test(text);
}
