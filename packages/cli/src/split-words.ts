import { UsageFailure } from "./failure.ts";

/**
 * A command as the words that a shell would make of it: blanks separate, quotes and backslashes
 * keep. Nothing is expanded; for that there is `sh -c '…'`.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const word = /(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/y;
  const blank = /\s*/y;
  for (let at = 0; ; ) {
    blank.lastIndex = at;
    blank.exec(text);
    at = blank.lastIndex;
    if (at >= text.length) return words;
    word.lastIndex = at;
    const found = word.exec(text);
    if (found === null) throw new UsageFailure(`a quote is not closed in ${JSON.stringify(text)}`);
    at = word.lastIndex;
    words.push(unquoted(found[0]));
  }
}

function unquoted(word: string): string {
  return word.replace(/\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g, (_all, escaped, double, single) => {
    if (escaped !== undefined) return escaped;
    // Between double quotes a backslash keeps but these from their meaning.
    return double === undefined ? single : double.replace(/\\(["\\$`])/g, "$1");
  });
}
