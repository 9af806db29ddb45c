import { suite, test } from "node:test";
import { memoryLinkPair } from "roam/link";
import { linkCasesFor, noLeaks } from "roam/testing";

// r[verify transport.memory]
suite("memory link", () => {
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
    test(name, () => noLeaks(() => run(memoryLinkPair)));
  }
});
