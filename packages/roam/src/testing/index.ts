export { ClaimError } from "./claims.ts";
export {
  type ConduitCase,
  type ConduitTraits,
  type Item,
  itemFamily,
  type MakeConduitPair,
} from "./conduit-case.ts";
export { conduitCases, conduitCasesFor } from "./conduit-cases.ts";
export type { LinkCase, LinkTraits, MakeLinkPair } from "./link-case.ts";
export { linkCases, linkCasesFor } from "./link-cases.ts";
export { noLeaks } from "./no-leaks.ts";
export { type LinkEnd, ScriptedLink, scriptedLink } from "./scripted-link.ts";
export { type MessageOf, type ScriptedHandshake, ScriptedPeer, scriptedPeer } from "./scripted-peer.ts";
export { settled } from "./settled.ts";
export * from "./simulation/index.ts";
export { VirtualClock } from "./virtual-clock.ts";
