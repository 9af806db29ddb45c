import { kebabCase, methodId, signatureBytes } from "roam/schema";
import { toHex } from "../hex.ts";
import { type Neutral, neutral } from "../neutral.ts";
import type { NeutralType } from "../neutral-type.ts";
import { expectEqual, type Tally } from "./tally.ts";

interface MethodCase {
  readonly name: string;
  readonly service: string;
  readonly method: string;
  readonly service_kebab: string;
  readonly method_kebab: string;
  readonly args: readonly NeutralType[];
  readonly ret: NeutralType;
  readonly signature_hex: string;
  readonly method_id: string;
  readonly method_id_hex: string;
}

/** method_ids.json: names in kebab case, canonical signature bytes, ids. */
export function checkMethodIds(file: unknown, tally: Tally): void {
  for (const c of file as readonly MethodCase[]) {
    tally.run(c.name, () => {
      expectEqual("service name", kebabCase(c.service), c.service_kebab);
      expectEqual("method name", kebabCase(c.method), c.method_kebab);
      const signature = signatureOf(c.args, c.ret);
      expectEqual("signature", toHex(signature), c.signature_hex);
      expectId(methodId(c.service, c.method, signature), c);
    });
  }
}

export function signatureOf(args: readonly NeutralType[], ret: NeutralType): Uint8Array {
  const known = new Map<string, Neutral>();
  return signatureBytes(
    args.map((arg) => neutral(arg, known).schema),
    neutral(ret, known).schema,
  );
}

export function expectId(
  id: bigint,
  expected: { readonly method_id: string; readonly method_id_hex: string },
): void {
  expectEqual("id", String(id), expected.method_id);
  expectEqual("id in hex", id.toString(16).padStart(16, "0"), expected.method_id_hex);
}
