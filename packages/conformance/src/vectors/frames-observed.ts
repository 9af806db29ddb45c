import { decodeFrame } from "../decode-frame.ts";
import { fromHex, isHex, toHex } from "../hex.ts";
import { neutral } from "../neutral.ts";
import type { Json, NeutralType } from "../neutral-type.ts";
import { checkFrame } from "./frames.ts";
import { expectEqual, type Tally } from "./tally.ts";

interface Observation {
  readonly name: string;
  readonly [property: string]: Json;
}

/**
 * frames_observed.json: the frames that observations quote. Behaviour told in words takes a
 * running conduit to check, and is only counted here.
 */
export function checkFramesObserved(file: unknown, tally: Tally, companion: (name: string) => unknown): void {
  const message = neutral(companion("messages_schema.json") as NeutralType);
  const observations = file as readonly Observation[];
  const quoting = observations.filter((observation) => quotedFrames(observation).length > 0);
  for (const observation of quoting) {
    tally.run(observation.name, () => {
      const frames = quotedFrames(observation);
      for (const hex of frames) {
        const { seq, ack, item } = decodeFrame(fromHex(hex));
        const recorded = ack === undefined ? { none: null } : { some: ack };
        checkFrame({ kind: "frame", seq, ack: recorded, item_hex: toHex(item) }, hex, message);
      }
      checkReplay(observation, frames);
    });
  }
  tally.notes.push(`${observations.length - quoting.length} observations of behaviour quote no bytes`);
}

function quotedFrames(observation: Observation): readonly string[] {
  return Object.entries(observation).flatMap(([property, json]) => {
    if (Array.isArray(json))
      return json.filter((part) => typeof part === "string" && part !== "" && isHex(part));
    return property.endsWith("hex") && typeof json === "string" ? [json] : [];
  });
}

/** Replayed frames: every number after the last received one, in order, and nothing else. */
function checkReplay(
  { server_last_received: last, next_seq: next }: Observation,
  frames: readonly string[],
): void {
  if (typeof last !== "number" || typeof next !== "number") return;
  const expected = Array.from({ length: next - last - 1 }, (_, index) => last + 1 + index);
  expectEqual(
    "replayed",
    frames.map((hex) => decodeFrame(fromHex(hex)).seq),
    expected,
  );
}
