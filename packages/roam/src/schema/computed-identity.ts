import { blake3 } from "@noble/hashes/blake3.js";
import { methodId } from "./method-id.ts";
import type { Identity } from "./service.ts";
import { signatureBytes } from "./signature.ts";

/** Ids from signatures: pulls the hash in, which services with known ids do without. */
// r[impl rpc.method-id]
// r[impl rpc.schema-evolution]
export const computedIdentity: Identity = {
  id: (service, method, args, returns) => methodId(service, method, signatureBytes(args, returns)),
  strictHash: (_service, _method, args, returns) => blake3(signatureBytes(args, returns, { isStrict: true })),
  hash: (bytes) => blake3(bytes),
};
