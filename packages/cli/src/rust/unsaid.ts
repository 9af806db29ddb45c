import type { Node } from "../tree-sitter.ts";
import { attributesOf, presence } from "./attributes.ts";
import { type Place, Unknowable } from "./finding.ts";
import { STATE_TYPE } from "./names.ts";

/** Words that change what is sent in ways that a schema cannot say. */
const REFUSED: Readonly<Record<string, string>> = {
  opaque: "is opaque to facet",
  proxy: "is sent as something else (proxy)",
  skip: "is not sent (skip)",
  skip_serializing: "is not sent (skip_serializing)",
  skip_deserializing: "is not read (skip_deserializing)",
  flatten: "is sent flattened into what it is in",
  with: "is sent in a form of its own (with)",
};

export function refuseWords(words: readonly string[], what: string, place: Place): void {
  for (const word of words) {
    const name = /^[\w:]*/.exec(word)?.[0] ?? "";
    const why = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (why !== undefined) {
      throw new Unknowable(place, `${what} ${why}, which its signature does not show`, STATE_TYPE);
    }
  }
}

export function isThere(front: readonly Node[], what: string, place: Place): boolean {
  const present = presence(attributesOf(front));
  if (typeof present === "boolean") return present;
  throw new Unknowable(place, `whether ${what} is there depends on ${present.node.text}`, STATE_TYPE);
}
