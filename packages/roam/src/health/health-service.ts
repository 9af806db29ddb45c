import { type Infer, t } from "roam-postcard";
import { tx } from "../channel/channel-types.ts";
import { knownIds } from "../schema/known-identity.ts";
import { method } from "../schema/service.ts";

/** Metadata `service` of the open that asks for health. */
export const HEALTH_NAME = "Health";

export const HealthStatus = t.enum("HealthStatus", {
  /** Calls are taken. */
  Serving: t.unit,
  /** None should be made: it winds up, or its owner says so. */
  NotServing: t.unit,
  /** Nobody here has such a service. */
  Unknown: t.unit,
});
export type HealthStatus = Infer<typeof HealthStatus>;

/**
 * What load balancers and orchestrators ask, on a virtual connection of its own: as gRPC's health
 * protocol, with a status in the place of its error for services that nobody has.
 */
export const HealthService = knownIds(
  HEALTH_NAME,
  {
    /** Of one service by its name, or of everything for an empty one. */
    check: method({ service: t.string }, HealthStatus),
    /** The same at once and with each change, for as long as it is read. */
    watch: method({ service: t.string, out: tx(HealthStatus, 2) }),
  },
  // Known, so that a server whose own ids are known needs no hash for this one.
  {
    check: 0x36bd_4e21_0962_e46fn,
    watch: 0x403b_41e0_f48f_6b92n,
  },
);
