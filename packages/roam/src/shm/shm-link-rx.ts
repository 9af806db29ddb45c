import { LinkRxBase } from "../link/link-rx-base.ts";

/**
 * What of the payloads in slots comes in place, and has to be given back by whoever takes it:
 * - `nothing`: payloads are copied out, and the receiver's to keep;
 * - `bytes`: byte arrays of 32 KiB and more in values that a session decodes, each until `release(bytes)`;
 * - `payloads`: whole payloads of a bare link, each a `LentPayload` until its `release()`. Not for sessions.
 */
export type Lends = "nothing" | "bytes" | "payloads";

/** Receiving half of a link over shared memory. */
export class ShmLinkRx extends LinkRxBase {
  /** To be set before the link is started or given to a session (default: `nothing`). */
  lends: Lends = "nothing";
}
