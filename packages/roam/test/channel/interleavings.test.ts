import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { channel, method, type Rx, service, t } from "roam";
import { settled } from "roam/testing";
import { callOf, grantOf, itemOf, pairOf, scriptedClient, scriptedServer } from "../call/harness.ts";

const credits = [0, 1, 2, 3, 5, 16] as const;
const Flow = service("Flow", {
  flow0: method({ items: t.rx(t.u32, 0) }),
  flow1: method({ items: t.rx(t.u32, 1) }),
  flow2: method({ items: t.rx(t.u32, 2) }),
  flow3: method({ items: t.rx(t.u32, 3) }),
  flow5: method({ items: t.rx(t.u32, 5) }),
  flow16: method({ items: t.rx(t.u32, 16) }),
});
type FlowHandlers = Parameters<typeof scriptedClient<(typeof Flow)["methods"]>>[1];

type Step =
  | { readonly kind: "send"; readonly count: number }
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "grant"; readonly count: number }
  | { readonly kind: "rest" };

const count = fc.integer({ min: 1, max: 6 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    count.map((many) => ({ kind: "send", count: many }) as const),
    count.map((many) => ({ kind: "read", count: many }) as const),
    count.map((many) => ({ kind: "grant", count: many }) as const),
    fc.constant({ kind: "rest" } as const),
  ),
  { maxLength: 25 },
);

suite("whatever the order of sends, reads and grants", () => {
  // r[verify rpc.channel]
  // r[verify rpc.flow-control.credit]
  test("each item arrives exactly once, in order, between two sides of ours", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...credits), fc.boolean(), steps, async (credit, isAhead, moves) => {
        const held: Rx<number>[] = [];
        const take = ({ items }: { items: Rx<number> }) => {
          held.push(items);
          return new Promise<never>(() => {});
        };
        const handlers = Object.fromEntries(
          credits.map((n) => [`flow${n}`, take]),
        ) as unknown as FlowHandlers;
        await using pair = await pairOf(Flow, handlers, { server: { adaptiveCredit: isAhead } });
        const [tx, items] = channel<number>();
        void pair.client[`flow${credit}`]({ items }).catch(() => {});
        await settled();
        const [rx] = held;
        assert(rx !== undefined);
        const received: number[] = [];
        const reads: Promise<unknown>[] = [];
        const sends: Promise<void>[] = [];
        let wanted = 0;
        const read = async (many: number) => {
          for (let more = 0; more < many; more++) {
            const { done, value } = await rx.next();
            if (done !== true) received.push(value);
          }
        };
        let reading: Promise<void> = Promise.resolve();
        for (const step of moves) {
          if (step.kind === "rest") await settled();
          else if (step.kind === "grant") rx.grant(step.count);
          else if (step.kind === "send") {
            for (let more = 0; more < step.count; more++) sends.push(tx.send(sends.length));
          } else {
            wanted += step.count;
            reading = reading.then(() => read(step.count));
            reads.push(reading);
          }
        }
        // With credit for a start, everything gets through as long as somebody reads.
        if (credit === 0) rx.grant(1);
        const closed = tx.close();
        reads.push(reading.then(() => read(Math.max(0, sends.length - wanted) + 1)));
        await Promise.all([...sends, closed, ...reads]);
        assert.deepEqual(
          received,
          Array.from(sends, (_, item) => item),
        );
        assert.equal((await rx.next()).done, true);
        assert.equal(pair.server.bufferedBytes, 0);
      }),
      { numRuns: 60, seed: 606 },
    );
  });

  // r[verify rpc.flow-control.credit.exhaustion]
  test("our sender never has more items out than N and the grants", async () => {
    const moves = fc.array(
      fc.oneof(
        count.map((many) => ({ kind: "send", count: many }) as const),
        count.map((many) => ({ kind: "grant", count: many }) as const),
      ),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...credits), moves, async (credit, script) => {
        await using served = await scriptedServer(Flow);
        const [tx, items] = channel<number>();
        void served.client[`flow${credit}`]({ items }).catch(() => {});
        await served.peer.expect("RequestCall");
        let allowed: number = credit;
        let sent = 0;
        let seen = 0;
        for (const step of script) {
          if (step.kind === "grant") {
            allowed += step.count;
            await served.peer.send(grantOf(1, step.count));
          } else {
            for (let more = 0; more < step.count; more++) void tx.send(sent++).catch(() => {});
          }
          await settled();
          for (; served.peer.script.waiting > 0; seen++) {
            const { item } = await served.peer.expect("ChannelItem");
            assert.deepEqual(item, Uint8Array.of(seen));
          }
          assert.equal(seen, Math.min(sent, allowed));
        }
      }),
      { numRuns: 40, seed: 607 },
    );
  });

  // r[verify rpc.flow-control.credit.grant]
  test("our receiver never lets more items come than it can hold, and always some", async () => {
    const reads = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 3, 5, 16), reads, async (credit, script) => {
        const held: Rx<number>[] = [];
        const take = ({ items }: { items: Rx<number> }) => {
          held.push(items);
          return new Promise<never>(() => {});
        };
        const handlers = Object.fromEntries(
          credits.map((n) => [`flow${n}`, take]),
        ) as unknown as FlowHandlers;
        await using served = await scriptedClient(Flow, handlers, { adaptiveCredit: false });
        await served.peer.send(callOf(Flow, `flow${credit}` as "flow1", 1, { channels: [1] }));
        await settled();
        let out = credit;
        let waiting = 0;
        for (const many of script) {
          for (; out > 0; out--, waiting++) await served.peer.send(itemOf(1, [7]));
          await settled();
          assert.equal(waiting, credit);
          for (let more = Math.min(many, waiting); more > 0; more--, waiting--) await held[0]?.next();
          await settled();
          while (served.peer.script.waiting > 0) {
            out += (await served.peer.expect("ChannelGrantCredit")).additional;
          }
          assert(out + waiting <= credit && out + waiting > credit / 2);
          if (out + waiting < credit) {
            // The rest is pending until half the window is: read on until it is granted.
            for (; waiting > 0; waiting--) await held[0]?.next();
            await settled();
            while (served.peer.script.waiting > 0) {
              out += (await served.peer.expect("ChannelGrantCredit")).additional;
            }
          }
          if (out + waiting < credit) break;
        }
        assert(out + waiting > 0);
      }),
      { numRuns: 40, seed: 608 },
    );
  });
});
