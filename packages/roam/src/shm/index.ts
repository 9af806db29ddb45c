export type { Asking, BootstrapOptions } from "./bootstrap.ts";
export { connectLocal } from "./connect-local.ts";
export {
  attachGuest,
  type GuestOptions,
  type GuestTicket,
  type JoinOptions,
  joinHost,
  spawnedGuest,
} from "./guest.ts";
export { createHost, type HostOptions, type PreparedGuest, type ShmHost, type SpawnedGuest } from "./host.ts";
export { LentPayload } from "./lent-payload.ts";
export { available, type Credentials } from "./native.ts";
export { release } from "./release.ts";
export type { SegmentOptions } from "./segment.ts";
export type { ShmLink } from "./shm-link.ts";
export type { Lends, ShmLinkRx } from "./shm-link-rx.ts";
export type { SlotClass } from "./slot-pool.ts";
