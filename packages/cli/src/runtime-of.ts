import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as ourRoam from "roam";
import * as ourSchema from "roam/schema";

/** The runtime that a module of the user's was written with. */
export interface Runtime {
  readonly roam: typeof ourRoam;
  readonly schema: typeof ourSchema;
}

/**
 * The copy of `roam` that a module gets when it imports it, so that its handles and errors are
 * those of the server; ours where it has none.
 */
export async function runtimeOf(file: string): Promise<Runtime> {
  const theirs = entryFrom(pathToFileURL(resolve(file)).href, "roam");
  const ours = entryFrom(import.meta.url, "roam");
  if (theirs === undefined || theirs === ours) return { roam: ourRoam, schema: ourSchema };
  const schema = entryFrom(pathToFileURL(resolve(file)).href, "roam/schema");
  return {
    roam: await import(pathToFileURL(theirs).href),
    schema: schema === undefined ? ourSchema : await import(pathToFileURL(schema).href),
  };
}

function entryFrom(url: string, name: string): string | undefined {
  try {
    return createRequire(url).resolve(name);
  } catch {
    return undefined;
  }
}
