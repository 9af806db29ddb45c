import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { dialLocal, listenLocal } from "roam/local";
import { linkCasesFor, noLeaks } from "roam/testing";
import { listening } from "./listening.ts";

const folder = mkdtempSync(join(tmpdir(), "roam-local-"));
after(() => rmSync(folder, { recursive: true }));

// r[verify transport.stream.local]
suite("local socket link", () => {
  const path = join(folder, "cases.sock");
  const makePair = listening(
    (onLink) => listenLocal(path, onLink),
    () => dialLocal(path),
  );
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
    test(name, () => noLeaks(() => run(makePair)));
  }
});
