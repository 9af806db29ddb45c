import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connect, method, RoamError, serve, service, t } from "roam";
import { noLeaks } from "roam/testing";

const Work = service("Work", { work: method({ number: t.u32 }, t.u32) });

const CLIENTS = 4;
const LANES = 48;

suite("a server that drains under load", () => {
  for (const conduit of ["bare", "stable"] as const) {
    test(`answers every call that it began, refuses others, closes; ${conduit}`, () =>
      noLeaks(async () => {
        const finished = new Set<number>();
        let began = 0;
        const events = new EventTarget();
        const server = await serve(
          "tcp://127.0.0.1:0",
          Work,
          {
            async work({ number }) {
              if (++began === 500) events.dispatchEvent(new Event("busy"));
              await pause(5);
              finished.add(number);
              return number;
            },
          },
          // Less than is asked for: calls wait in each connection's line, too.
          { limits: { maxRunningCalls: 32 } },
        );
        const answered = new Set<number>();
        const ends = new Map<string, number>();
        let numbers = 0;
        const clients = await Promise.all(
          Array.from({ length: CLIENTS }, () => connect(server.address, Work, { conduit })),
        );
        const lanes = clients.flatMap((client) =>
          Array.from({ length: LANES }, async () => {
            for (;;) {
              const number = numbers++;
              try {
                assert.equal(await client.work({ number }), number);
                answered.add(number);
              } catch (error) {
                assert(error instanceof RoamError);
                ends.set(error.code, (ends.get(error.code) ?? 0) + 1);
                return;
              }
            }
          }),
        );
        await once(events, "busy");
        const startMs = performance.now();
        await server.drain({ timeoutMs: 5_000 });
        assert(performance.now() - startMs < 5_000, "nobody was waited for to the end");
        await Promise.all(lanes);
        assert.deepEqual([...finished].sort(), [...answered].sort());
        assert(answered.size >= 400, `${answered.size} were answered before`);
        assert.deepEqual(
          [...ends.keys()].filter((code) => code !== "cancelled" && code !== "closed"),
          [],
          "how calls were refused",
        );
        assert((ends.get("cancelled") ?? 0) > 0, "some were refused in words");
        for (const client of clients) assert.equal((await client.$.session.ended).code, "closed");
        // Nobody listens any more.
        await assert.rejects(connect(server.address, Work, { conduit }), { code: "io" });
      }));
  }
});
