import type { MethodDescriptor, Service } from "../schema/service.ts";
import { type Metadata, MetadataEntry } from "../wire/metadata.ts";

/** BLAKE3 of one service's schema; one entry per service that a side serves or calls. */
const DIGEST_KEY = "service-strict-hash";
/** What it is made of: 8 bytes of method id and 8 of its strict hash, for each method. */
const METHODS_KEY = "service-strict-methods";
const ENTRY_BYTES = 16;

/** How the two sides' descriptions of a service differ. */
export interface SchemaMismatch {
  /** `Service.method`: the same id, other results, errors or credit. */
  readonly differing: readonly string[];
  /** Methods that the counterpart does not list. */
  readonly missing: readonly string[];
}

/**
 * Announces services, for method ids leave out what a Result carries and a channel's credit:
 * peers that know these keys can tell that they disagree, the others ignore them.
 */
export function digestEntries(services: readonly Service[]): MetadataEntry[] {
  // Callers of an older version find its methods here, too.
  const served = services.flatMap((service) => [service, ...(service.older ?? []).map((one) => one.service)]);
  return served.flatMap((service) => {
    const digest = service.digest();
    if (digest === undefined) return [];
    const methods = [...service.descriptors().values()];
    return [new MetadataEntry(DIGEST_KEY, digest), new MetadataEntry(METHODS_KEY, methodList(methods))];
  });
}

function methodList(methods: readonly MethodDescriptor[]): Uint8Array {
  const list = new Uint8Array(methods.length * ENTRY_BYTES);
  const view = new DataView(list.buffer);
  for (const [index, { id, strictHash }] of methods.entries()) {
    view.setBigUint64(index * ENTRY_BYTES, id, true);
    if (strictHash !== undefined) list.set(strictHash.subarray(0, 8), index * ENTRY_BYTES + 8);
  }
  return list;
}

/**
 * What the counterpart's announcement says about ours: undefined if nothing is wrong, or it
 * announces nothing.
 *
 * @param called services whose methods we call there; those are missed if not listed
 */
export function compareSchemas(
  services: readonly Service[],
  called: readonly Service[],
  theirs: Metadata,
): SchemaMismatch | undefined {
  const digests = theirs.getAll(DIGEST_KEY).filter((value) => value instanceof Uint8Array);
  if (digests.length === 0) return undefined;
  const lists = theirs.getAll(METHODS_KEY).filter((value) => value instanceof Uint8Array);
  const known = new Map(lists.flatMap(readList));
  const differing: string[] = [];
  const missing: string[] = [];
  for (const service of services) {
    const own = service.digest();
    if (own === undefined || digests.some((digest) => isEqual(digest, own))) continue;
    for (const { id, name, strictHash } of service.descriptors().values()) {
      const listed = known.get(id);
      const path = `${service.name}.${name}`;
      if (listed === undefined) {
        if (called.includes(service)) missing.push(path);
      } else if (strictHash !== undefined && !isEqual(listed, strictHash.subarray(0, 8)))
        differing.push(path);
    }
  }
  return differing.length + missing.length === 0 ? undefined : { differing, missing };
}

function readList(list: Uint8Array): [bigint, Uint8Array][] {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const entries: [bigint, Uint8Array][] = [];
  for (let at = 0; at + ENTRY_BYTES <= list.length; at += ENTRY_BYTES) {
    entries.push([view.getBigUint64(at, true), list.subarray(at + 8, at + ENTRY_BYTES)]);
  }
  return entries;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function describeMismatch({ differing, missing }: SchemaMismatch): string {
  const parts: string[] = [];
  if (differing.length > 0) parts.push(`${differing.join(", ")}: other results, errors or credit there`);
  if (missing.length > 0) parts.push(`${missing.join(", ")}: not known there`);
  return parts.join("; ");
}
