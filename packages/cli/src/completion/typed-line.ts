/** A command line up to the cursor. */
export interface TypedLine {
  /** Whole words, the program's name among them, without quotes. */
  readonly words: readonly string[];
  /** What is typed of the word at the cursor; empty behind a blank. */
  readonly current: string;
}

const WORD = /(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*(?:"|$)|'[^']*(?:'|$)|\\$)+/g;

/** Splits what is typed so far: quotes may still be open. */
export function typedLine(text: string): TypedLine {
  const words = (text.match(WORD) ?? []).map(unquoted);
  const isBetween = text === "" || /\s$/.test(text.replace(WORD, (word) => "x".repeat(word.length)));
  const current = isBetween ? "" : (words.pop() ?? "");
  return { words, current };
}

function unquoted(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\[\s\S])*)(?:"|$)|'([^']*)(?:'|$)|\\([\s\S])/g,
    (_all, double, single, escaped) => {
      return double ?? single ?? escaped;
    },
  );
}
