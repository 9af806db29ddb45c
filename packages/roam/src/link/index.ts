export { LengthPrefix } from "./length-prefix.ts";
export type { Link, LinkPermit, LinkRx, LinkTx, Listener, WriteSlot } from "./link.ts";
export { LinkReceiver } from "./link-receiver.ts";
export { memoryLinkPair } from "./memory-link.ts";
export { type ByteStream, type ByteStreamEvents, StreamLink } from "./stream-link.ts";
