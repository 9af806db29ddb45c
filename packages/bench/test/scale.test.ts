import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AskedProcess } from "../src/asked-process.ts";
import { bundled } from "../src/bundled.ts";
import { scaleCases, takenDown } from "../src/scale-cases.ts";
import type { ScaleRequest } from "../src/scale-child.ts";

suite("scale measurements", async () => {
  const program = (await bundled("scale-child.ts"))("scale-child.ts");

  for (const lane of ["tcp", "tcp-stable", "tcp-raw"]) {
    test(`${lane}: everything is set up, worked with and taken down`, async () => {
      await using server = new AskedProcess(program, [lane], []);
      await using client = new AskedProcess(program, [lane], []);
      const ask = <T>(request: ScaleRequest) => client.ask<T>(request);
      const address = await server.ask<string>({ kind: "serve" } satisfies ScaleRequest);
      await ask({ kind: "dial", address });
      const small = <R extends ScaleRequest>(request: R): R =>
        "count" in request ? { ...request, count: Math.min(request.count, 30) } : request;
      for (const test of scaleCases.filter(({ isRawToo }) => isRawToo || lane !== "tcp-raw")) {
        const [point] = test.points.slice(-1);
        assert(point !== undefined);
        const setUp = point.setUp.map(small);
        for (const request of setUp) await ask(request);
        const work: ScaleRequest =
          point.work.kind === "send"
            ? { kind: "send", items: 1000 }
            : { kind: "call", calls: 1000, callers: 3, connections: 30 };
        assert.equal(await ask(work), 1000, test.name);
        for (const request of takenDown(setUp)) await ask(request);
      }
    });
  }

  test("a child's failure is told, with what it was", async () => {
    await using child = new AskedProcess(program, ["tcp"], []);
    const nothingOpen: ScaleRequest = { kind: "channels", count: 1 };
    await assert.rejects(child.ask(nothingOpen), /no connection of ours/);
  });
});
