import type { LinkCase, LinkTraits } from "./link-case.ts";
import { closeCases } from "./link-cases/close.ts";
import { flowCases } from "./link-cases/flow.ts";
import { payloadCases } from "./link-cases/payload.ts";
import { permitCases } from "./link-cases/permit.ts";

/** Every promise of the link contract that can be seen from its two ends. */
export const linkCases: readonly LinkCase[] = [...payloadCases, ...permitCases, ...flowCases, ...closeCases];

/** The cases that a kind of link with these traits has to pass. */
export function linkCasesFor(traits: LinkTraits): readonly LinkCase[] {
  return linkCases.filter(({ needs }) => needs === undefined || traits[needs]);
}
