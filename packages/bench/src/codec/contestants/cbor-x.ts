import { Encoder } from "cbor-x";
import { CASE_NAMES } from "../codec-cases.ts";
import { type Coding, type Contestant, coding } from "../contestant.ts";

// Shared structures: property names are learnt once and not written again. Bytes without the
// tag that marks them as a Uint8Array.
const encoder = new Encoder({ structures: [], tagUint8Array: false });

function cborX(value: unknown): Coding {
  return coding(
    value,
    (own) => encoder.encode(own),
    (bytes) => encoder.decode(bytes),
    (decoded) => (decoded instanceof Uint8Array ? new Uint8Array(decoded) : decoded),
  );
}

export const contestant = Object.fromEntries(
  CASE_NAMES.map((name) => [name, cborX]),
) as unknown as Contestant;
