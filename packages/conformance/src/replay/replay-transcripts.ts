import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordedService, Side, Transcript } from "../transcript.ts";
import { COMMITTED_VECTORS } from "../vectors/check-file.ts";
import { Tally } from "../vectors/tally.ts";
import { adapted } from "./differences.ts";
import { RecordedMethods } from "./methods.ts";
import { replay } from "./replay.ts";
import { isUndisturbed, sceneOf } from "./scene.ts";

/** What came of playing recorded sessions. */
export interface ReplayReport {
  readonly roles: ReadonlyMap<Side, Tally>;
  /** Scenes that cannot be played yet, for want of a stable conduit. */
  readonly waiting: number;
}

/**
 * Plays the scenes of a directory of vectors that published peers alone wrote, our runtime in each
 * role. What goes wrong outside a scene is a failure too, never an exception.
 */
export async function replayDirectory(directory: string): Promise<ReplayReport> {
  const roles = new Map<Side, Tally>([
    ["initiator", new Tally()],
    ["acceptor", new Tally()],
  ]);
  let waiting = 0;
  for (const [role, tally] of roles) {
    try {
      const methods = RecordedMethods.from(read(directory, "transcripts_service.json") as RecordedService);
      const transcripts = read(directory, "transcripts.json") as readonly Transcript[];
      const undisturbed = transcripts.filter(isUndisturbed);
      const bare = undisturbed.filter(({ conduit }) => conduit === "bare");
      await replayAs(role, bare, methods, tally);
      waiting = undisturbed.length - bare.length;
    } catch (error) {
      tally.failures.push({ name: "transcripts.json", reason: String(error) });
    }
  }
  return { roles, waiting };
}

/** Plays one role of every scene; differences that are listed are noted one by one. */
export async function replayAs(
  role: Side,
  transcripts: readonly Transcript[],
  methods: RecordedMethods,
  tally: Tally,
): Promise<void> {
  const notes: string[] = [];
  for (const transcript of transcripts) {
    let failure: { readonly error: unknown } | undefined;
    try {
      const { scene, differences } = adapted(sceneOf(transcript, role), methods);
      for (const { what, rule } of differences) notes.push(`ours ${what} (${rule}): ${transcript.name}`);
      await replay(scene, methods);
    } catch (error) {
      failure = { error };
    }
    tally.run(transcript.name, () => {
      if (failure !== undefined) throw failure.error;
    });
  }
  if (notes.length > 0) tally.notes.push(`${notes.length} listed differences`, ...notes);
}

function read(directory: string, file: string): unknown {
  const own = join(directory, file);
  return JSON.parse(readFileSync(existsSync(own) ? own : join(COMMITTED_VECTORS, file), "utf8"));
}
