import type { ConduitState } from "../conduit/conduit-state.ts";
import type { RoamError } from "../errors.ts";

/** How the end of a session looks to one who watches its links. */
export function endState({ code }: RoamError): ConduitState {
  return code === "closed" ? { kind: "closed" } : { kind: "lost", reason: code };
}

/**
 * Tells of the one change there is where links are not replaced.
 *
 * @returns what stops it
 */
export function watchEnd(ended: Promise<RoamError>, onState: (state: ConduitState) => void): () => void {
  let isWatching = true;
  void ended.then((end) => {
    if (isWatching) onState(endState(end));
  });
  return () => {
    isWatching = false;
  };
}
