import { extname } from "node:path";
import type { SchemaDocument } from "roam/schema";
import { findMethod } from "../call/find-method.ts";
import { documentFrom } from "../document-from.ts";
import type { Io } from "../io.ts";
import type { PeerOptions } from "../peer.ts";
import { methodText, typeText } from "../signature-text.ts";
import { isHere, schemeOf } from "../url.ts";
import type { Candidate, KnownMethods, Place } from "./candidates.ts";

/** Longest wait for a peer that is to tell its methods: somebody is typing (ms). */
const PEER_MS = 700;

/**
 * The methods of a call that is being typed: of its `--schema`, else of a peer on this machine.
 * Modules are not imported for it, and nobody far away is dialled.
 */
export function knownMethods({ given: [url], options }: Place, io: Io): KnownMethods {
  const schema = options["--schema"];
  const document = async (): Promise<SchemaDocument | undefined> => {
    try {
      if (schema !== undefined)
        return isCheap(schema) ? (await documentFrom(schema, {}, io)).document : undefined;
      if (url === undefined || !isHere(url)) return undefined;
      const peer: PeerOptions = { insecure: false, conduit: "auto", connectTimeout: PEER_MS };
      return (await documentFrom(url, { peer }, io)).document;
    } catch {
      // Nothing to offer; the command itself tells what is wrong.
      return undefined;
    }
  };
  return {
    methods: async () => methodsIn(await document()),
    argsOf: async (method) => argsIn(await document(), method),
  };
}

function methodsIn(document: SchemaDocument | undefined): Candidate[] {
  return (document?.services ?? []).flatMap((service) =>
    service.methods.map((method) => ({ value: `${service.name}.${method.name}`, about: methodText(method) })),
  );
}

function argsIn(document: SchemaDocument | undefined, name: string): Candidate[] {
  if (document === undefined) return [];
  try {
    const { described } = findMethod(document, name);
    return described.args.map((arg) => ({ value: `--${arg.name}`, about: typeText(arg.type) }));
  } catch {
    return [];
  }
}

function isCheap(schema: string): boolean {
  return schemeOf(schema) === undefined && [".json", ".rs"].includes(extname(schema));
}
