import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { UsageFailure } from "../../failure.ts";
import { type CaptureHeader, type CaptureLine, headerOf, lineOf } from "../capture-format.ts";

/** A line of a capture with its number in the file. */
export interface NumberedLine {
  readonly number: number;
  readonly line: CaptureLine;
}

/**
 * The header of a capture.
 *
 * @throws UsageFailure for a file that is none
 */
export async function captureHeader(path: string): Promise<CaptureHeader> {
  for await (const [, text] of linesOf(path)) {
    try {
      return headerOf(JSON.parse(text));
    } catch (cause) {
      throw new UsageFailure(`${path}: ${(cause as Error).message}`, "roam capture writes such files");
    }
  }
  throw new UsageFailure(`${path} is empty`);
}

/**
 * The lines behind the header, one after another: the file may be larger than memory. A last line
 * that was cut off is left out, for whatever ended the capture may have done that.
 *
 * @throws UsageFailure with the number of a line that makes no sense
 */
export async function* captureLines(path: string): AsyncGenerator<NumberedLine, void, undefined> {
  let broken: { readonly number: number; readonly cause: Error } | undefined;
  for await (const [number, text] of linesOf(path)) {
    if (number === 1 || text.trim() === "") continue;
    if (broken !== undefined)
      throw new UsageFailure(`${path}, line ${broken.number}: ${broken.cause.message}`);
    try {
      yield { number, line: lineOf(JSON.parse(text)) };
    } catch (cause) {
      broken = { number, cause: cause as Error };
    }
  }
}

async function* linesOf(path: string): AsyncGenerator<[number: number, text: string], void, undefined> {
  const input = createReadStream(path);
  // Reading a file that is not there ends in an error of the stream, of which readline does not tell.
  let failure: Error | undefined;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  input.once("error", (error) => {
    failure = error;
    lines.close();
  });
  try {
    let number = 0;
    for await (const text of lines) yield [++number, text];
    if (failure !== undefined) throw failure;
  } finally {
    lines.close();
    input.destroy();
  }
}
