import { spawn } from "node:child_process";

/** The first build compiles every dependency (ms). */
export const BUILD_LIMIT_MS = 900_000;

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output
 * @throws Error with all that it wrote, if it fails or takes longer
 */
export function runProgram(
  command: string,
  args: readonly string[],
  { directory, limitMs }: { readonly directory?: string; readonly limitMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    const out: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      all.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => all.push(chunk));
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new Error(`${command} is not installed`) : error);
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(`${command} ended with ${code ?? signal}\n${Buffer.concat(all)}`));
    });
  });
}
