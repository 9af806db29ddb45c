import { Window } from "happy-dom";
import type { ReactElement } from "react";
import { eventually } from "./eventually.ts";

const window = new Window();
// What React looks for when it is loaded; frames as the page has them.
Object.assign(globalThis, { window, document: window.document });
if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: window.navigator });
const { createRoot } = await import("react-dom/client");

export interface Mounted {
  /** What is to be seen. */
  readonly text: string;
  render(element: ReactElement): void;
  unmount(): void;
  /** Resolves when that is to be seen. */
  shows(text: string | RegExp): Promise<void>;
}

/** Shows an element on a page, as an application would: without waiting for effects. */
export function mount(element: ReactElement): Mounted {
  const place = window.document.createElement("div");
  let failure: unknown;
  const root = createRoot(place as unknown as Element, {
    onUncaughtError: (error) => {
      failure = error;
    },
    onCaughtError: () => {},
  });
  root.render(element);
  return {
    get text() {
      return place.textContent;
    },
    render: (other) => root.render(other),
    unmount: () => root.unmount(),
    shows: (text) =>
      eventually(
        () => `"${text}", not "${place.textContent}"`,
        () => {
          if (failure !== undefined) throw failure;
          return typeof text === "string" ? place.textContent === text : text.test(place.textContent);
        },
      ),
  };
}
