import { useEffect, useReducer } from "preact/hooks";
import type { InspectorState } from "./inspector-state.ts";

/** Renders again whenever something changed, though not with each frame. */
export function useChanges(state: InspectorState): void {
  const [, render] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => state.onChange(() => render()), [state]);
}
