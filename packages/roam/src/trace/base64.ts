/** Bytes as base64, where there is no `Buffer` as well. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  // In pieces, for each byte becomes an argument.
  for (let at = 0; at < bytes.length; at += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  }
  return btoa(text);
}
