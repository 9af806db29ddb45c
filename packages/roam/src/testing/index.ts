export { ClaimError } from "./claims.ts";
export { type LinkEnd, ScriptedLink, scriptedLink } from "./scripted-link.ts";
export { type MessageOf, type ScriptedHandshake, ScriptedPeer, scriptedPeer } from "./scripted-peer.ts";
export { settled } from "./settled.ts";
export { VirtualClock } from "./virtual-clock.ts";
