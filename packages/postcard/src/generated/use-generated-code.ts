import { decodersOf, encodersOf } from "../closures.ts";
import { type Codec, type OpenCodec, onCompiled } from "../codec.ts";
import type { Schema } from "../schema.ts";
import { bytesEncoder } from "./bytes-encoder.ts";
import { decoderCode, encoderCode } from "./code.ts";
import { decodeHelp, useShortTexts } from "./decode-help.ts";
import { DecoderText } from "./decoder-text.ts";
import { encodeHelp } from "./encode-help.ts";
import { EncoderText } from "./encoder-text.ts";
import { exchange } from "./exchange.ts";
import { canGenerate } from "./program.ts";
import { shortTexts } from "./short-texts.ts";

/** Most types of a program are used rarely, and code for them would never pay. */
const AFTER_USES = 100;

/**
 * Codecs compiled from now on get straight-line code made at run time, several times as fast as
 * closures, once they have been used a few times. It does the usual; at anything else, errors
 * above all, the closures do the value again from its start, so that both come to the same (a
 * getter or a `valueOf` may then be called twice). Texts decoded from a list may share memory,
 * up to half a kilobyte each.
 *
 * @param options.afterUses of a codec's function, before there is code for it (count)
 * @returns false where code from strings is forbidden, as by a page's content security policy
 */
export function useGeneratedCode(options: { afterUses?: number } = {}): boolean {
  const { afterUses = AFTER_USES } = options;
  try {
    new Function();
  } catch {
    return false;
  }
  useShortTexts(shortTexts);
  onCompiled((codec) => exchangeWhenWarm(codec, afterUses));
  return true;
}

function exchangeWhenWarm(codec: OpenCodec, afterUses: number): void {
  const { schema } = codec;
  const slow: Codec<unknown> = { ...codec };
  exchange(codec, "encode", afterUses, () => encoderFor(schema, slow.encode));
  const toBytes = bytesEncoder(slow.encode);
  codec.toBytes = toBytes;
  exchange(codec, "toBytes", afterUses, () => bytesEncoderFor(schema, toBytes));
  exchange(codec, "decode", afterUses, () => decoderFor(schema, slow.decode));
  exchange(codec, "fromBytes", afterUses, () => bytesDecoderFor(schema, slow.decode));
}

function encoderFor(schema: Schema, slow: Codec<unknown>["encode"]): Codec<unknown>["encode"] | undefined {
  if (!canGenerate(schema)) return undefined;
  const { constants, text } = encoderCode(schema, encodersOf(schema));
  return built({ ...encodeHelp, slow }, constants, text) as Codec<unknown>["encode"];
}

function bytesEncoderFor(
  schema: Schema,
  slow: Codec<unknown>["toBytes"],
): Codec<unknown>["toBytes"] | undefined {
  if (!canGenerate(schema)) return undefined;
  const source = new EncoderText(schema, encodersOf(schema));
  const functions = source.text();
  const text = `${functions}
let isLarge=false;
return function(x){const w=borrow(isLarge),s=w.offset;
try{f0(w,x)}catch{giveBack(w,s);return slow(x)}
const y=claim(w,s);isLarge=y.length>=LARGE_BYTES;return y}`;
  return built({ ...encodeHelp, slow }, source.program.constants, text) as Codec<unknown>["toBytes"];
}

function decoderFor(schema: Schema, slow: Codec<unknown>["decode"]): Codec<unknown>["decode"] | undefined {
  if (!canGenerate(schema)) return undefined;
  const { constants, text } = decoderCode(schema, decodersOf(schema));
  return built({ ...decodeHelp, slow }, constants, text) as Codec<unknown>["decode"];
}

function bytesDecoderFor(
  schema: Schema,
  slow: Codec<unknown>["decode"],
): Codec<unknown>["fromBytes"] | undefined {
  if (!canGenerate(schema)) return undefined;
  const source = new DecoderText(schema, decodersOf(schema));
  const { functions, body, result, needsReader } = source.text();
  const text = `${functions}
return function(b){const e=b.length;let o=0,d;
try{${needsReader ? "const r=new Reader(b);" : ""}${body}
return ${result}}catch{return slow(new Reader(b))}}`;
  return built({ ...decodeHelp, slow }, source.program.constants, text) as Codec<unknown>["fromBytes"];
}

// Names from a schema stand in the text as JSON only, so that no name becomes code.
function built(help: Record<string, unknown>, constants: readonly unknown[], text: string): unknown {
  const names = constants.map((_, index) => `const k${index}=k[${index}];`).join("");
  return new Function("h", "k", `"use strict";const {${Object.keys(help)}}=h;${names}${text}`)(
    help,
    constants,
  );
}
