import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { onWakeUp } from "../../src/transports/wake-up.ts";

/** What a page has and Node lacks; put away again afterwards. */
function inPage(hasDocument: boolean, run: (page: EventTarget, document: EventTarget) => void): void {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const stubs = {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    ...(hasDocument ? { document } : {}),
  };
  Object.assign(globalThis, stubs);
  try {
    run(page, document);
  } finally {
    for (const name of Object.keys(stubs)) Reflect.deleteProperty(globalThis, name);
  }
}

// r[verify stable.x.backoff]
suite("a browser's wake-up", () => {
  test("is being online again, being looked at, and coming back from the page cache", () => {
    inPage(true, (page, document) => {
      let retries = 0;
      const stop = onWakeUp(() => retries++);
      page.dispatchEvent(new Event("online"));
      page.dispatchEvent(new Event("pageshow"));
      document.dispatchEvent(new Event("visibilitychange"));
      assert.equal(retries, 3);
      Object.assign(document, { visibilityState: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
      assert.equal(retries, 3, "a tab that is left wakes nobody");
      stop();
      Object.assign(document, { visibilityState: "visible" });
      for (const event of ["online", "pageshow"]) page.dispatchEvent(new Event(event));
      document.dispatchEvent(new Event("visibilitychange"));
      assert.equal(retries, 3, "nobody listens any more");
    });
  });

  test("in a worker is being online", () => {
    inPage(false, (page) => {
      let retries = 0;
      const stop = onWakeUp(() => retries++);
      page.dispatchEvent(new Event("online"));
      stop();
      page.dispatchEvent(new Event("online"));
      assert.equal(retries, 1);
    });
  });
});
