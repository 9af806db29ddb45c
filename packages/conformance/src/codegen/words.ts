import { Difference, show } from "../vectors/tally.ts";

/**
 * The same comment: stars, indentation and escapes are a matter of taste, words are not.
 *
 * @throws Difference
 */
export function sameWords(where: string, ours: string | undefined, theirs: string | undefined): void {
  const [own, crate] = [words(ours), words(theirs)];
  if (own !== crate) throw new Difference(`${where}: expected the comment ${show(crate)}, got ${show(own)}`);
}

function words(doc: string | undefined): string {
  return (doc?.replace(/\\[tn]/g, " ").match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");
}
