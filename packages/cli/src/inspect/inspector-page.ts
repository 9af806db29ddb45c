import { readFileSync } from "node:fs";
import { Failure } from "../failure.ts";

/** The page that the inspector's build made. */
export interface InspectorPage {
  readonly html: Uint8Array;
  /** The content security policy of it: it names its script and its style by their hashes. */
  readonly policy: string;
}

/** @throws Failure where it was not built */
export function inspectorPage(): InspectorPage {
  const html = readPage(new URL("../../dist/inspector/inspector.html", import.meta.url));
  const policy = /http-equiv="content-security-policy" content="([^"]+)"/.exec(html.toString("utf8"))?.[1];
  if (policy === undefined) throw new Failure("the inspector's page has no content security policy");
  return { html, policy: `${policy}; frame-ancestors 'none'` };
}

function readPage(url: URL): Buffer {
  try {
    return readFileSync(url);
  } catch (cause) {
    const hint = "in a clone of the project, npm run prepare makes it";
    throw new Failure("the inspector's page is not there", { cause, hint });
  }
}
