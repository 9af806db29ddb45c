import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordedService, Side, Transcript } from "../transcript.ts";
import { COMMITTED_VECTORS } from "../vectors/check-file.ts";
import { Tally } from "../vectors/tally.ts";
import { adapted } from "./differences.ts";
import { RecordedMethods } from "./methods.ts";
import { replay } from "./replay.ts";
import { isUndisturbed, sceneOf } from "./scene.ts";

/**
 * Plays the scenes of a directory of vectors that published peers alone wrote, our runtime in each
 * role, which the answer has them by. What goes wrong outside a scene is a failure too, never an exception.
 */
export async function replayDirectory(directory: string): Promise<ReadonlyMap<Side, Tally>> {
  const roles = new Map<Side, Tally>([
    ["initiator", new Tally()],
    ["acceptor", new Tally()],
  ]);
  for (const [role, tally] of roles) {
    try {
      const methods = RecordedMethods.from(read(directory, "transcripts_service.json") as RecordedService);
      const transcripts = read(directory, "transcripts.json") as readonly Transcript[];
      const undisturbed = transcripts.filter(isUndisturbed);
      await replayAs(role, undisturbed, methods, tally);
    } catch (error) {
      tally.failures.push({ name: "transcripts.json", reason: String(error) });
    }
  }
  return roles;
}

/** Plays one role of every scene; differences that are listed are noted one by one. */
export async function replayAs(
  role: Side,
  transcripts: readonly Transcript[],
  methods: RecordedMethods,
  tally: Tally,
): Promise<void> {
  const notes: string[] = [];
  const added = { ackFrames: 0, closeFrames: 0 };
  for (const transcript of transcripts) {
    let failure: { readonly error: unknown } | undefined;
    try {
      const { scene, differences } = adapted(sceneOf(transcript, role), methods);
      for (const { what, rule } of differences) notes.push(`ours ${what} (${rule}): ${transcript.name}`);
      const { ackFrames, closeFrames } = await replay(scene, methods);
      added.ackFrames += ackFrames;
      added.closeFrames += closeFrames;
    } catch (error) {
      failure = { error };
    }
    tally.run(transcript.name, () => {
      if (failure !== undefined) throw failure.error;
    });
  }
  if (added.ackFrames + added.closeFrames > 0)
    notes.unshift(
      `ours adds ${added.ackFrames} ack frames (stable.x.ack-frame) and ${added.closeFrames} close frames (stable.x.close)`,
    );
  if (notes.length > 0) tally.notes.push(`${notes.length} listed differences`, ...notes);
}

function read(directory: string, file: string): unknown {
  const own = join(directory, file);
  return JSON.parse(readFileSync(existsSync(own) ? own : join(COMMITTED_VECTORS, file), "utf8"));
}
