import { VirtualClock } from "roam/testing";
import { CLOSE_GRACE_MS } from "../../../roam/src/conduit/stable/stable-conduit.ts";
import { Difference } from "../vectors/tally.ts";
import { Application } from "./application.ts";
import type { RecordedMethods } from "./methods.ts";
import { RecordedSide } from "./recorded-side.ts";
import type { Scene, Step } from "./scene.ts";
import type { AddedFrames } from "./stable-frames.ts";
import { wireFor } from "./wire.ts";

/**
 * Plays one role of a recording with our runtime against what the other role said.
 *
 * Step by step in the recorded order: the other side speaks when everything that ours said before
 * has been seen, and our application acts when it is its turn. Our runtime may speak earlier than
 * recorded; later only where a call waits for its turn.
 *
 * @returns what our runtime added to the messages
 * @throws Difference for the first thing that does not go as recorded
 */
export async function replay(scene: Scene, methods: RecordedMethods): Promise<AddedFrames> {
  const clock = new VirtualClock();
  const wire = wireFor(scene, clock);
  const other = new RecordedSide(scene, wire);
  const application = new Application(scene, methods, { conduit: wire.conduit, clock });
  const rest = async () => {
    await other.rest();
    application.expectWell();
    for (const step of application.heldBack) other.expectNotDone(step);
  };
  try {
    await rest();
    for (const step of scene.steps) {
      await wire.reach(step.entry);
      await rest();
      if (step.kind === "close") other.allowEnd();
      if (step.isOurs) perform(application, step);
      else {
        application.foresee(step);
        await rest();
        other.say(step);
      }
      await rest();
      // A recorded peer answers no close frame: our direction of the link ends when that is clear.
      if (step.isOurs && step.kind === "close") await clock.pass(CLOSE_GRACE_MS);
      if (step.isOurs && !application.isOwed(step)) other.expectDone(step);
    }
    for (const step of scene.steps) if (step.isOurs) other.expectDone(step);
    application.expectNothingLeft();
    return wire.added ?? { ackFrames: 0, closeFrames: 0 };
  } finally {
    other.destroy();
    await application.abandon();
  }
}

function perform(application: Application, step: Step): void {
  try {
    application.perform(step);
  } catch (error) {
    throw new Difference(`entry ${step.entry}: ${String(error)}`, { cause: error });
  }
}
