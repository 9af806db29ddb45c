import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Schema } from "roam-postcard";
import { UsageFailure } from "./failure.ts";
import { type Json, parseJson } from "./json/parse-json.ts";
import { valueFromJson } from "./json/value-from-json.ts";

/**
 * Items of a schema from lines of JSON; empty lines mean nothing. Ends when the signal aborts.
 *
 * @throws UsageFailure with the number of the line that makes no sense
 */
export async function* itemsOfLines(
  input: Readable,
  item: Schema,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const onAbort = () => lines.close();
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  // Reading a file that is not there ends in an error of the stream, of which readline does not tell.
  let failure: Error | undefined;
  input.once("error", (error) => {
    failure = error;
    lines.close();
  });
  try {
    let number = 0;
    for await (const line of lines) {
      number++;
      if (line.trim() !== "")
        yield valueFromJson(item, lineOf(line, name, number), { path: `${name}, line ${number}` });
    }
    if (failure !== undefined) throw failure;
  } finally {
    signal.removeEventListener("abort", onAbort);
    lines.close();
  }
}

function lineOf(line: string, name: string, number: number): Json {
  try {
    return parseJson(line);
  } catch (cause) {
    throw new UsageFailure(
      `${name}, line ${number} is not JSON: ${(cause as Error).message}`,
      'items are JSON, one a line; a text wants quotes: "tea"',
    );
  }
}

/** A file as the stream of its bytes, or standard input for "-". */
export function inputOf(file: string, stdin: Readable): Readable {
  return file === "-" ? stdin : createReadStream(file);
}
