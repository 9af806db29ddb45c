const LETTER_OR_DIGIT = /[\p{Alphabetic}\p{Nd}\p{Nl}\p{No}]/u;
const UPPER = /\p{Uppercase}/u;
const LOWER = /\p{Lowercase}/u;

/**
 * A name as kebab-case, cut exactly as heck 0.5 cuts it: `getHTTP2Data` is `get-http2-data`,
 * `load_template` is `load-template`.
 */
export function kebabCase(name: string): string {
  const words: string[] = [];
  let piece: string[] = [];
  for (const character of name) {
    if (LETTER_OR_DIGIT.test(character)) piece.push(character);
    else {
      words.push(...pieceWords(piece));
      piece = [];
    }
  }
  words.push(...pieceWords(piece));
  return words.map(lowerCase).join("-");
}

// By character, as Rust does it; a sigma is final at the end of a word and nowhere else.
function lowerCase(word: string): string {
  return word.replace(/Σ$/, "ς").replace(/./gsu, (character) => character.toLowerCase());
}

/** Characters without case (digits among them) keep the case of what came before since the cut. */
function pieceWords(characters: readonly string[]): string[] {
  const words: string[] = [];
  let word = "";
  let mode: "none" | "lower" | "upper" = "none";
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    if (next === undefined) {
      word += character;
      break;
    }
    const before = mode;
    if (LOWER.test(character)) mode = "lower";
    else if (UPPER.test(character)) mode = "upper";
    if (mode === "lower" && UPPER.test(next)) {
      words.push(word + character);
      word = "";
      mode = "none";
    } else if (before === "upper" && UPPER.test(character) && LOWER.test(next)) {
      if (word !== "") words.push(word);
      word = character;
      mode = "none";
    } else word += character;
  }
  if (word !== "") words.push(word);
  return words;
}
