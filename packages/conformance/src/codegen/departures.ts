import type { SchemaDocument } from "roam/schema";
import { Difference, expectEqual, type Tally } from "../vectors/tally.ts";
import type { Corpus } from "./corpus.ts";

/**
 * Services that a reader may have to give up on: the crates hash their types in one way and send
 * them in another, or tell types apart that are sent alike. It may describe a method or leave it out, and
 * then it says so. Wrong it may not be.
 */
export const DEPARTURES: ReadonlySet<string> = new Set(["Hidden", "Identity"]);

export function checkDepartures({ compiled, described }: Corpus, tally: Tally): void {
  const { document, findings } = described;
  const [all, leftOut]: [string[], string[]] = [[], []];
  for (const theirs of compiled.services.filter(({ name }) => DEPARTURES.has(name))) {
    const ours = document.services.find(({ name }) => name === theirs.name);
    for (const { name, id } of theirs.methods) {
      const own = ours?.methods.find((one) => one.name === name);
      (own === undefined ? leftOut : all).push(`${theirs.name}.${name}`);
      tally.run(`${theirs.name}.${name}`, () => {
        if (own !== undefined) return expectEqual("id", own.id, id);
        const isReported = findings.some(
          ({ severity, message }) => severity === "error" && message.includes(name),
        );
        if (!isReported) throw new Difference("it is left out, and no error names it");
      });
    }
  }
  tally.notes.push(`described: ${all.join(", ")}`, `left out: ${leftOut.join(", ")}`);
}

/** Of the services left, those whose bytes are as their types say. */
export function withoutDepartures(document: SchemaDocument): SchemaDocument {
  return { ...document, services: document.services.filter(({ name }) => !DEPARTURES.has(name)) };
}
