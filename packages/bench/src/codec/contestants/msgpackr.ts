import { Packr } from "msgpackr";
import { CASE_NAMES } from "../codec-cases.ts";
import { type Coding, type Contestant, coding } from "../contestant.ts";

// Shared structures: property names are learnt once and not written again.
const packr = new Packr({ structures: [] });

function msgpackr(value: unknown): Coding {
  return coding(
    value,
    (own) => packr.pack(own),
    (bytes) => packr.unpack(bytes),
    (decoded) => (decoded instanceof Uint8Array ? new Uint8Array(decoded) : decoded),
  );
}

export const contestant = Object.fromEntries(
  CASE_NAMES.map((name) => [name, msgpackr]),
) as unknown as Contestant;
