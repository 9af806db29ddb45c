const decoder = new TextDecoder();

/** Texts that come again and again, each with a small number. */
export class Names {
  readonly texts: string[] = [];
  readonly #byText = new Map<string, number>();
  readonly #byHash = new Map<number, { readonly number: number; readonly bytes: Uint8Array }>();

  numberOf(text: string): number {
    let number = this.#byText.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.#byText.set(text, number);
    }
    return number;
  }

  /** The same for a text that is still bytes, `hash` being `hashOf` it. */
  numberOfBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const known = this.#byHash.get(hash);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.number;
    const number = this.numberOf(decoder.decode(bytes.subarray(start, end)));
    if (known === undefined) this.#byHash.set(hash, { number, bytes: bytes.slice(start, end) });
    return number;
  }

  textOf(number: number): string {
    return this.texts[number] ?? "";
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** A 32-bit hash of an ASCII text, as the scanner computes it on its way. */
export function hashOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
