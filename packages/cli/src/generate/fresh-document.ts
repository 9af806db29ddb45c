import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SchemaDocument } from "roam/schema";
import { UsageFailure } from "../failure.ts";

const run = promisify(execFile);
/** A schema of this many characters is far beyond any (bytes). */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * The services of a module as they are now. A module is imported once in a process and then
 * stays as it was, with all that it imports: so another process is asked.
 *
 * @throws UsageFailure with what that process said
 */
export async function freshDocument(file: string, signal: AbortSignal): Promise<SchemaDocument> {
  const program = process.argv[1] ?? "";
  try {
    const args = [...process.execArgv, program, "ls", file, "--json"];
    const { stdout } = await run(process.execPath, args, { signal, maxBuffer: MOST_BYTES });
    return JSON.parse(stdout) as SchemaDocument;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new UsageFailure(messageIn(stderr) ?? (error as Error).message);
  }
}

function messageIn(stderr: string | undefined): string | undefined {
  try {
    return (JSON.parse((stderr ?? "").trim().split("\n").at(-1) ?? "") as { error: { message: string } })
      .error.message;
  } catch {
    return undefined;
  }
}
