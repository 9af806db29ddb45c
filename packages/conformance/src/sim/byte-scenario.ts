import { method, type Session, service, t } from "roam";
import type { Scenario, Simulation } from "roam/testing";
import { Ledger } from "./ledger.ts";

/** A little of everything that a session does. */
export const Small = service("Small", {
  up: method({ items: t.rx(t.u32, 4) }, t.u32),
  down: method({ count: t.u32, items: t.tx(t.u32, 4) }, t.unit),
  add: method({ number: t.u32 }, t.u32),
});
type SmallMethods = (typeof Small)["methods"];

const ITEMS = 8;
const CALLS = 3;
/** The time for an ack, for a cut that is told late, and for coming back; no keepalive is due within it (ms). */
const ACKNOWLEDGED_MS = 2_000;
/** The same where only a keepalive can find out that the link is half open. */
const SILENT_MS = 40_000;

/** Calls, a channel each way at the same time, and the close; the same bytes each time. */
export function byteScenario(sim: Simulation): Scenario<SmallMethods> {
  const up = new Ledger();
  const down = new Ledger();
  const calls = new Ledger();
  const served: Session[] = [];
  const settle = (ledger: Ledger, sent: number) => {
    sim.count("items", ledger.items);
    sim.count("doubled", ledger.doubled);
    sim.count("outOfOrder", ledger.outOfOrder);
    sim.count("lost", ledger.lost(sent));
    sim.check(
      ledger.isInOrder && ledger.lost(sent) === 0,
      `of ${sent} numbers came ${JSON.stringify(ledger)}`,
    );
  };
  return {
    serve: { onSession: (session) => served.push(session) },
    handlers: {
      up: async ({ items }) => {
        for await (const number of items) up.take(number);
        return up.items;
      },
      down: async ({ count, items }) => {
        for (let number = 0; number < count; number++) await items.send(number);
      },
      add: ({ number }) => {
        calls.take(number);
        return number * 2;
      },
    },
    after: () => {
      const isPlain = sim.plan.faults.every(
        (fault) => fault.kind === "cut" && fault.seenBy === "both" && !fault.isOrderly,
      );
      // An end that looks like the peer's own, or that nobody sees, may be taken for the last word.
      sim.check(!isPlain || sim.counts.expired === 0, "the server's session was not closed in order");
    },
    client: async (client) => {
      const receive = async () => {
        const call = client.down({ count: ITEMS });
        for await (const number of call.items) down.take(number);
        await call;
      };
      const send = client.up({ items: Array.from({ length: ITEMS }, (_, number) => number) });
      const call = async () => {
        for (let number = 0; number < CALLS; number++) {
          const answer = await client.add({ number });
          sim.check(answer === number * 2, `call ${number} was answered ${answer}`);
        }
      };
      const [received] = await Promise.all([send, receive(), call()]);
      sim.check(received === ITEMS, `the server counts ${received} items`);
      await allAcknowledged([client.$.session, served.at(-1)], sim);
      settle(up, ITEMS);
      settle(down, ITEMS);
      settle(calls, CALLS);
    },
  };
}

/** Acks come by themselves when nothing else is said, whatever happens to the link meanwhile. */
async function allAcknowledged(sessions: readonly (Session | undefined)[], sim: Simulation): Promise<void> {
  const kept = () => sessions.reduce((sum, session) => sum + (session?.replay?.frames ?? 0), 0);
  const isSilent = sim.plan.faults.some(
    (fault) => fault.kind === "cut" && fault.seenBy !== "both" && fault.toldAfterMs === undefined,
  );
  const untilMs = sim.clock.nowMs() + (isSilent ? SILENT_MS : ACKNOWLEDGED_MS);
  while (kept() > 0 && sim.clock.nowMs() < untilMs) await sim.sleep(50);
  sim.check(kept() === 0, `${kept()} frames wait for an ack`);
}
