import { httpSource } from "./http-source.ts";
import { mountInspector } from "./index.ts";

const root = document.querySelector("#inspector");
if (root instanceof HTMLElement) {
  httpSource(location.hash.slice(1)).then(
    (source) => {
      document.title = `${source.title} – Roam inspector`;
      mountInspector(root, source);
    },
    (error: unknown) => {
      root.textContent = `The trace cannot be had: ${error instanceof Error ? error.message : String(error)}. Open the address that roam inspect printed, with what stands behind its #.`;
    },
  );
}
