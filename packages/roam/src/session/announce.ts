import { compareSchemas, describeMismatch, digestEntries } from "../connection/schema-digest.ts";
import { RoamError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Service } from "../schema/service.ts";
import { Metadata, MetadataEntry, type MetadataInit } from "../wire/metadata.ts";

/** What to do when the two sides describe a service differently. */
export type SchemaCheck = "warn" | "refuse" | "off";

/** Metadata key of an open: which of the counterpart's services is meant. */
export const SERVICE_KEY = "service";

/** The services that one connection is about, seen from here. */
export interface Announced {
  readonly served: Service | undefined;
  readonly called: Service | undefined;
}

function servicesOf({ served, called }: Announced): Service[] {
  const services = [served, called].filter((service) => service !== undefined);
  return [...new Set(services)];
}

/** The user's metadata, with the schema digests of the connection's services. */
export function announce(
  metadata: MetadataInit | undefined,
  services: Announced,
  serviceName?: string,
): Metadata {
  const named = serviceName === undefined ? [] : [new MetadataEntry(SERVICE_KEY, serviceName)];
  return Metadata.from(metadata).with(...named, ...digestEntries(servicesOf(services)));
}

/**
 * Compares what the counterpart announced with ours.
 *
 * @throws RoamError `schema-mismatch` if the check says to refuse
 */
export function checkSchemas(
  services: Announced,
  theirs: Metadata,
  options: { check: SchemaCheck; logger: Logger; peer: string },
): void {
  if (options.check === "off") return;
  const called = services.called === undefined ? [] : [services.called];
  const mismatch = compareSchemas(servicesOf(services), called, theirs);
  if (mismatch === undefined) return;
  const text = describeMismatch(mismatch);
  if (options.check === "refuse") throw new RoamError("schema-mismatch", `${options.peer}: ${text}`);
  const { logger, peer } = options;
  logger.warn({ peer }, `${peer} describes a service differently: ${text}`);
}
