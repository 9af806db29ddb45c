import type { Schema } from "../schema.ts";
import { DecoderText } from "./decoder-text.ts";
import { EncoderText } from "./encoder-text.ts";

/** The body of a function that makes a codec's function of what the text refers to. */
export interface Code {
  /** What the text calls `k0`, `k1`, …: closures of parts, and values. */
  readonly constants: readonly unknown[];
  readonly text: string;
}

/** Of an `encode` that leaves to `slow` what is not usual. */
export function encoderCode(schema: Schema, closureOf: (part: Schema) => unknown): Code {
  const source = new EncoderText(schema, closureOf);
  const functions = source.text();
  const gathered = source.gathers ? ",g=w.gathered" : "";
  const back = source.gathers ? "w.rollback({offset:s,gathered:g});" : "w.offset=s;";
  const text = `${functions}
return function(w,x){const s=w.offset,q=w.depth${gathered};
try{f0(w,x)}catch{${back}w.depth=q;slow(w,x)}}`;
  return { constants: source.program.constants, text };
}

/** Of a `decode` that leaves to `slow` what is not usual. */
export function decoderCode(schema: Schema, closureOf: (part: Schema) => unknown): Code {
  const source = new DecoderText(schema, closureOf);
  const { functions, body, result } = source.text();
  const text = `${functions}
return function(r){const b=r.bytes,e=r.end,s=r.offset,q=r.depth;let o=s,d;
try{${body}
r.offset=o;return ${result}}catch{r.offset=s;r.depth=q;return slow(r)}}`;
  return { constants: source.program.constants, text };
}
