import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex, toHex } from "../hex.ts";

const DIRECTORY = fileURLToPath(new URL("../../corpus/", import.meta.url));
/** The files stay small enough to be looked at. */
const MOST_FILE_BYTES = 60_000;

/** The committed inputs of a target, one a line: hex, or a text as JSON. */
export function readCorpus(target: string): Uint8Array[] {
  const path = `${DIRECTORY}${target}.txt`;
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (line.startsWith('"') ? new TextEncoder().encode(JSON.parse(line)) : fromHex(line)));
}

/** Writes the inputs that fit, short ones first. @returns how many */
export function writeCorpus(target: string, inputs: readonly Uint8Array[]): number {
  const lines: string[] = [];
  let bytes = 0;
  for (const line of [...new Set(inputs.map(lineOf))].sort((a, b) => a.length - b.length)) {
    bytes += line.length + 1;
    if (bytes > MOST_FILE_BYTES) break;
    lines.push(line);
  }
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(`${DIRECTORY}${target}.txt`, `${lines.join("\n")}\n`);
  return lines.length;
}

/** As JSON what is a text, and mostly of letters; an empty line would be no input. */
function lineOf(input: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(input);
  const isText = input.length > 0 && /^[\t\n\x20-\x7e]*$/.test(text);
  return isText || input.length === 0 ? JSON.stringify(text) : toHex(input);
}
