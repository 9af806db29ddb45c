import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkFrames } from "./frames.ts";
import { checkFramesObserved } from "./frames-observed.ts";
import { checkMessages } from "./messages.ts";
import { checkMethodIds } from "./method-ids.ts";
import { checkPostcardInvalid } from "./postcard-invalid.ts";
import { checkPostcardValues } from "./postcard-values.ts";
import { type Checker, Tally } from "./tally.ts";
import { checkTranscriptsService } from "./transcript-typed.ts";
import { checkTranscripts } from "./transcripts.ts";

const CHECKERS: { readonly [file: string]: Checker } = {
  "method_ids.json": checkMethodIds,
  "postcard_values.json": checkPostcardValues,
  "postcard_invalid.json": checkPostcardInvalid,
  "messages.json": checkMessages,
  "frames.json": checkFrames,
  "frames_observed.json": checkFramesObserved,
  "transcripts_service.json": checkTranscriptsService,
  "transcripts.json": checkTranscripts,
};

/** Read with the files they describe. */
const COMPANIONS: readonly string[] = ["messages_schema.json"];

/** The set that belongs to the project. */
export const COMMITTED_VECTORS = join(import.meta.dirname, "../../vectors");

/** The files of a set that hold cases, by name. */
export function vectorFiles(directory: string): readonly string[] {
  const present = existsSync(directory) ? readdirSync(directory) : [];
  return present.filter((file) => file.endsWith(".json") && !COMPANIONS.includes(file)).sort();
}

/** Checks every case of one file. What goes wrong outside a case is a failure too, never an exception. */
export function checkFile(directory: string, file: string): Tally {
  const tally = new Tally();
  try {
    const checker = CHECKERS[file];
    if (checker === undefined) throw new TypeError("not a file of this format");
    checker(read(directory, file), tally, (name) =>
      read(existsSync(join(directory, name)) ? directory : COMMITTED_VECTORS, name),
    );
  } catch (error) {
    tally.failures.push({ name: file, reason: String(error) });
  }
  return tally;
}

function read(directory: string, file: string): unknown {
  return JSON.parse(readFileSync(join(directory, file), "utf8"));
}
