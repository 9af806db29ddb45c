import { LinkRxBase } from "../link/link-rx-base.ts";

/** Receiving half of a link over shared memory. */
export class ShmLinkRx extends LinkRxBase {
  /**
   * Payloads in slots come as `LentPayload`, in place, and whoever takes them has to release each. To be set before
   * `start`; sessions do not set it (default: false, payloads are copied out and the receiver's to keep).
   */
  lends = false;
}
