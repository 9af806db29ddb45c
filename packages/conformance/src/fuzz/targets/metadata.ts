import { inspect } from "node:util";
import { DEFAULT_LIMITS, RoamError } from "roam";
import { decodeMessage, encodeMessage, type Metadata, type MetadataEntry } from "roam/wire";
import { Reader, Writer } from "roam-postcard";
import { isTraceParent, timeoutIn, traceIn } from "../../../../roam/src/call/call-metadata.ts";
import { checkMetadata } from "../../../../roam/src/wire/metadata.ts";
import { BYTES, textPieces } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { expectBytes, outcome } from "../same-result.ts";

/** A ConnectionClose on 1, whose only field is metadata. */
const HEAD = [1, 6];
/** Shorter values may be part of anything. */
const LEAST_SECRET = 6;
const LIMITS = { ...DEFAULT_LIMITS, maxMetadataBytes: 200, maxMetadataEntries: 8 };

function decoded(bytes: Uint8Array): Metadata | undefined {
  const result = outcome(() => ({ value: decodeMessage(new Reader(bytes)), end: bytes.length }));
  if ("error" in result) return undefined;
  const message = result.value as ReturnType<typeof decodeMessage>;
  return message.tag === "ConnectionClose" ? message.metadata : undefined;
}

function encoded(metadata: Metadata): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, { tag: "ConnectionClose", connectionId: 1, metadata });
  return writer.finish();
}

function run(input: Uint8Array): void {
  const metadata = decoded(Uint8Array.from([...HEAD, ...input]));
  if (metadata === undefined) return;
  const bytes = encoded(metadata);
  const again = decoded(bytes);
  if (again === undefined) throw new Broken("what was encoded is not taken");
  expectBytes("encoded, decoded and encoded", encoded(again), bytes);
  checkLimits(metadata);
  const entries = [...metadata];
  const forwarded = [...metadata.forwarded()];
  const expected = entries.filter(({ flags }) => (flags & 2n) === 0n);
  if (forwarded.length !== expected.length || forwarded.some((one, at) => one !== expected[at])) {
    throw new Broken("other entries are forwarded");
  }
  const timeoutMs = timeoutIn(metadata);
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs >= 0)) {
    throw new Broken(`a timeout of ${timeoutMs} ms`);
  }
  const trace = traceIn(metadata);
  if (trace !== undefined && !isTraceParent(trace.traceparent)) throw new Broken("an invalid trace is taken");
  checkSecrets(metadata, entries);
}

function checkLimits(metadata: Metadata): void {
  const isTooMany = metadata.size > LIMITS.maxMetadataEntries;
  try {
    checkMetadata(metadata, LIMITS);
  } catch (error) {
    if (error instanceof RoamError && error.code === "too-large") return;
    throw error;
  }
  if (isTooMany) throw new Broken(`${metadata.size} entries are taken`);
}

/** Values marked sensitive are in nothing that is printed. */
function checkSecrets(metadata: Metadata, entries: readonly MetadataEntry[]): void {
  const secrets = entries.filter(({ isSensitive, value }) => isSensitive && typeof value === "string");
  if (secrets.length === 0) return;
  const open = entries.filter(({ isSensitive }) => !isSensitive).map(({ key, value }) => `${key} ${value}`);
  const told = [...open, ...entries.map(({ key }) => key)].join();
  const printed = [JSON.stringify(metadata), inspect(metadata), ...entries.map(String)].join();
  for (const { value } of secrets) {
    const secret = String(value);
    if (secret.length < LEAST_SECRET || "(sensitive)".includes(secret) || told.includes(secret)) continue;
    if (printed.includes(secret)) throw new Broken("a sensitive value is printed");
  }
}

/** Metadata of any message: codec, limits, what calls read of it, what is printed of it. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    decoded(Uint8Array.from([...HEAD, ...input]));
  },
  seeds: () =>
    [
      "00",
      "01016b00017601",
      "0301016b00017600016201020102016e02ac0203",
      "0112726571756573742d74696d656f75742d6d7302e80700",
      `010b7472616365706172656e740037${Buffer.from(`00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`).toString("hex")}00`,
    ].map((hex) => new Uint8Array(Buffer.from(hex, "hex"))),
  maxBytes: 384,
  dictionary: [
    ...BYTES,
    ...textPieces("request-timeout-ms", "traceparent", "trace-parent", "tracestate", "00-"),
  ],
};
