import { blake3 } from "@noble/hashes/blake3.js";
import { kebabCase } from "./kebab.ts";

const utf8 = new TextEncoder();

/**
 * The id that a Call carries: the first 8 bytes, little-endian, of
 * BLAKE3(kebab(service) "." kebab(method) BLAKE3(signature)).
 */
// r[impl rpc.method-id.algorithm]
// r[impl method.identity.computation]
// r[impl signature.hash.algorithm]
// r[impl signature.endianness]
export function methodId(service: string, method: string, signature: Uint8Array): bigint {
  const name = utf8.encode(`${kebabCase(service)}.${kebabCase(method)}`);
  const input = new Uint8Array(name.length + 32);
  input.set(name);
  input.set(blake3(signature), name.length);
  return new DataView(blake3(input).buffer).getBigUint64(0, true);
}
