import { compile } from "roam-postcard";
import { CASE_NAMES, type CaseName, type CaseValues, SCHEMAS } from "./codec-cases.ts";
import { type Contestant, coding } from "./contestant.ts";

/** Our codec, as it comes. */
export function postcard(): Contestant {
  return Object.fromEntries(CASE_NAMES.map((name) => [name, coderOf(name)])) as unknown as Contestant;
}

function coderOf<K extends CaseName>(name: K) {
  const codec = compile<CaseValues[K]>(SCHEMAS[name]);
  return (value: CaseValues[K]) =>
    coding(
      value,
      (own) => codec.toBytes(own),
      (bytes) => codec.fromBytes(bytes),
    );
}
