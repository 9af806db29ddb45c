import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { UsageFailure } from "../failure.ts";
import { captureHeader, captureLines } from "../traffic/replay/read-capture.ts";
import { traceFromCapture } from "./trace-from-capture.ts";
import type { TraceInput } from "./trace-input.ts";

const READ_BYTES = 1024 * 1024;
const HINT = "it takes traces, and what roam capture writes";

/**
 * A trace that was written down, or a capture as a trace.
 *
 * @throws UsageFailure for a file that is neither
 */
export async function fileTrace(path: string): Promise<TraceInput> {
  const head = await firstLine(path);
  const title = basename(path);
  if ("roamTrace" in head) {
    if (head.roamTrace !== 1)
      throw new UsageFailure(`${path} is a trace of a version that is not known: ${head.roamTrace}`);
    const open = (signal: AbortSignal) => createReadStream(path, { highWaterMark: READ_BYTES, signal });
    return { title, isLive: false, open };
  }
  if (!("roamCapture" in head)) throw new UsageFailure(`${path} is neither a trace nor a capture`, HINT);
  const header = await captureHeader(path);
  return {
    title,
    isLive: false,
    async *open(signal) {
      for await (const text of traceFromCapture(header, captureLines(path))) {
        if (signal.aborted) return;
        yield text;
      }
    },
  };
}

async function firstLine(path: string): Promise<object> {
  const file = await open(path).catch((cause: Error) => {
    throw new UsageFailure(`${path}: ${cause.message}`, HINT);
  });
  try {
    // A schema makes the line long; what it is for stands at its beginning.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    const [, name, version] =
      /^\{"(roamTrace|roamCapture)":(\d+)/.exec(buffer.toString("utf8", 0, bytesRead)) ?? [];
    return name === undefined ? {} : { [name]: Number(version) };
  } finally {
    await file.close();
  }
}
