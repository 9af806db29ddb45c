import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { callBack, connect, implement, method, serveHandler, service, t } from "roam";
import type { Link } from "../../src/link/link.ts";
import { memoryLinkPair } from "../../src/link/memory-link.ts";

const Worker = service("Worker", { run: method({ steps: t.u32 }, t.u32) });
const Progress = service("Progress", { step: method({ index: t.u32 }, t.u32) });

suite("callBack", () => {
  // r[verify session.symmetry]
  test("calls the caller's own service while its call is served", async () => {
    let dial: (link: Link) => void = () => {};
    const listen = async (onLink: (link: Link) => void) => {
      dial = onLink;
      return { address: "memory", close: async () => {} };
    };
    const worker = implement(Worker, {
      async run({ steps }, call) {
        const progress = callBack(call, Progress);
        let sum = 0;
        for (let index = 0; index < steps; index++)
          sum += await progress.step({ index }, { signal: call.signal });
        return sum;
      },
    });
    await using server = await serveHandler(listen, worker);
    const seen: number[] = [];
    const handler = implement(Progress, {
      step({ index }) {
        seen.push(index);
        return index * 10;
      },
    });
    const [here, there] = memoryLinkPair();
    dial(there);
    await using client = await connect(here, Worker, { handler });
    assert.equal(await client.run({ steps: 3 }), 30);
    assert.deepEqual(seen, [0, 1, 2]);
    assert.equal(server.sessions.size, 1);
  });
});
