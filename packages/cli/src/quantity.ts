import { UsageFailure } from "./failure.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500`, `500ms`, `2s`, `1.5m`, `1h` as milliseconds. For options. */
export function durationMs(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  if (number === undefined) throw new UsageFailure(`${quoted(text)} is not a time`, "write 500ms, 2s or 1m");
  return Number(number) * (UNITS[unit ?? "ms"] ?? 1);
}

/** A whole number of at least `least`. For options. */
export function count(least = 1): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(number) || number < least) {
      throw new UsageFailure(`${quoted(text)} is not a whole number of at least ${least}`);
    }
    return number;
  };
}

/** A share from 0 to 1. For options. */
export function share(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && number <= 1) return number;
  throw new UsageFailure(`${quoted(text)} is not a share`, "write a number from 0 to 1, as 0.1");
}

export function quoted(text: string): string {
  return JSON.stringify(text);
}
