import { SHORT, type ShortText } from "./decode-help.ts";

let made: readonly ShortText[] | undefined;

/**
 * For each length a function that makes an ASCII text in one call, with the bytes as arguments:
 * half the cost of joining characters.
 */
export function shortTexts(): readonly ShortText[] {
  made ??= make();
  return made;
}

function make(): readonly ShortText[] {
  const functions = Array.from({ length: SHORT + 1 }, (_, length) => {
    if (length === 0) return 'function(){return ""}';
    const names = Array.from({ length }, (_, index) => `c${index}`);
    const reads = names.map((name, index) => `${name}=b[o+${index}]`);
    return `function(b,o){const ${reads};return (${names.join("|")})<128?f(${names}):undefined}`;
  });
  return new Function("f", `"use strict";return [${functions}]`)(String.fromCharCode);
}
