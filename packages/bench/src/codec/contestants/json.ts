import { CASE_NAMES } from "../codec-cases.ts";
import { type Coding, type Contestant, coding } from "../contestant.ts";

function json(value: unknown): Coding {
  return coding(
    value,
    (own) => Buffer.from(JSON.stringify(own)),
    (bytes) => JSON.parse((bytes as Buffer).toString()),
  );
}

export const contestant = {
  ...Object.fromEntries(CASE_NAMES.map((name) => [name, json])),
  // JSON has no bytes: base64 text stands for them.
  bytes: (value: Uint8Array) =>
    coding(
      value,
      (own) =>
        Buffer.from(JSON.stringify(Buffer.from(own.buffer, own.byteOffset, own.length).toString("base64"))),
      (bytes) => new Uint8Array(Buffer.from(JSON.parse((bytes as Buffer).toString()) as string, "base64")),
    ),
} as unknown as Contestant;
