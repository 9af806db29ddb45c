import { CallError, RoamError } from "roam";

/** A value as one would write it in TypeScript, bytes as hex. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return `bytes ${Array.from(value, hex).join(" ")}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${show(field)}`);
    return `{ ${fields.join(", ")} }`;
  }
  return JSON.stringify(value) ?? "done";
}

/** Why a call failed, for a person: what in a large type, where from in a small one. */
export function explain(error: unknown): { readonly what: string; readonly note: string } {
  if (error instanceof CallError && error.code === "user") {
    return { what: show(error.detail), note: `the typed error of ${error.method}` };
  }
  if (error instanceof RoamError) return { what: error.code, note: error.message };
  return { what: "error", note: error instanceof Error ? error.message : String(error) };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
