import { method, RoamError, service, t } from "roam";
import type { Scenario, SeededRandom, Simulation } from "roam/testing";
import { Ledger } from "./ledger.ts";

const Item = t.struct("Item", { number: t.u32, body: t.bytes });

/** Numbered items both ways and numbered calls; a job is what one session is asked to do. */
export const Stream = service("Stream", {
  up: method({ job: t.u32, items: t.rx(Item, 8) }, t.u32),
  down: method({ count: t.u32, seed: t.u32, items: t.tx(Item, 8) }, t.unit),
  add: method({ job: t.u32, number: t.u32 }, t.u32),
});
type StreamMethods = (typeof Stream)["methods"];

/** What is sent over one session, decided by the seed. */
interface Job {
  readonly up: number;
  readonly down: number;
  readonly calls: number;
  readonly maxBodyBytes: number;
  /** Longest pause between two items or calls (ms). */
  readonly pauseMs: number;
}

/**
 * Items in both directions and calls beside them, everything numbered, over one session; after a
 * restart of the server, over a new one. Checked at both ends: each number once and in order.
 */
export function streamScenario(sim: Simulation): Scenario<StreamMethods> {
  const { random } = sim;
  const job = randomJob(random);
  const limits = randomLimits(random);
  const upAtServer = new Map<number, Ledger>();
  const callsAtServer = new Map<number, Ledger>();
  const options = { limits, adaptiveCredit: random.chance(0.7) };
  return {
    connect: options,
    serve: options,
    handlers: {
      up: async ({ job: number, items }) => {
        const ledger = new Ledger();
        upAtServer.set(number, ledger);
        for await (const item of items) {
          ledger.take(item.number);
          sim.check(isBody(item), `item ${item.number} came damaged`);
          if (random.chance(0.1)) await sim.sleep(random.integer(0, job.pauseMs));
        }
        return ledger.items;
      },
      down: async ({ count, items }) => {
        for (let number = 0; number < count; number++) {
          await items.send(randomItem(number, job, random));
          if (random.chance(0.2)) await sim.sleep(random.integer(0, job.pauseMs));
        }
      },
      add: ({ job: number, number: call }) => {
        const ledger = callsAtServer.get(number) ?? new Ledger();
        callsAtServer.set(number, ledger);
        ledger.take(call);
        return call * 2;
      },
    },
    client: async (client, sim) => {
      for (let number = 0; ; number++) {
        const session = number === 0 ? client : await sim.connect(Stream);
        const downAtClient = new Ledger();
        const isLost = await playJob(session, number, job, downAtClient, sim);
        const ledgers = [upAtServer.get(number), callsAtServer.get(number), downAtClient];
        const sent = [job.up, job.calls, job.down];
        for (const [index, ledger = new Ledger()] of ledgers.entries()) {
          sim.count("items", ledger.items);
          sim.count("doubled", ledger.doubled);
          sim.count("outOfOrder", ledger.outOfOrder);
          if (!isLost) sim.count("lost", ledger.lost(sent[index] as number));
          sim.check(ledger.isInOrder, `${ledger.doubled} doubled, ${ledger.outOfOrder} out of order`);
          sim.check(isLost || ledger.items === sent[index], `${ledger.items} of ${sent[index]} came`);
        }
        if (!isLost) return;
      }
    },
  };
}

/** @returns true if the session was lost to a restart of the server */
async function playJob(
  client: Parameters<Scenario<StreamMethods>["client"]>[0],
  number: number,
  job: Job,
  down: Ledger,
  sim: Simulation,
): Promise<boolean> {
  const { random } = sim;
  const up = async function* () {
    for (let item = 0; item < job.up; item++) {
      yield randomItem(item, job, random);
      if (random.chance(0.2)) await sim.sleep(random.integer(0, job.pauseMs));
    }
  };
  const receive = async () => {
    const call = client.down({ count: job.down, seed: number });
    for await (const item of call.items) {
      down.take(item.number);
      sim.check(isBody(item), `item ${item.number} came damaged`);
    }
    await call;
  };
  const send = async () => {
    const received = await client.up({ job: number, items: up() });
    sim.check(received === job.up, `the server counts ${received} items of ${job.up}`);
  };
  const call = async () => {
    for (let call = 0; call < job.calls; call++) {
      const doubled = await client.add({ job: number, number: call });
      sim.check(doubled === call * 2, `call ${call} was answered ${doubled}`);
      if (random.chance(0.3)) await sim.sleep(random.integer(0, job.pauseMs));
    }
  };
  const outcomes = await Promise.allSettled([receive(), send(), call()]);
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  if (failures.length === 0) return false;
  const end = client.$.session.hasEnded ? await client.$.session.ended : undefined;
  if (end?.code === "session-lost" && (sim.counts.restarts ?? 0) > 0) return true;
  throw failures.find((failure) => !(failure instanceof RoamError)) ?? failures[0];
}

function randomJob(random: SeededRandom): Job {
  return {
    up: random.spread(1, 60),
    down: random.spread(1, 60),
    calls: random.spread(1, 20),
    maxBodyBytes: random.pick([0, 100, 1_000, 20_000]),
    pauseMs: random.pick([0, 5, 300, 20_000]),
  };
}

/** Now and then so tight that the replay buffer fills up and acks are due at once. */
function randomLimits(random: SeededRandom) {
  return {
    maxReplayFrames: random.pick([65_536, 65_536, 64, 12]),
    maxReplayBytes: random.pick([16 * 1024 * 1024, 16 * 1024 * 1024, 65_536]),
    maxPermits: random.pick([64, 64, 4]),
    ackAfterItems: random.pick([64, 8, 1]),
    ackAfterMs: random.pick([100, 100, 1_000]),
  };
}

function randomItem(number: number, { maxBodyBytes }: Job, random: SeededRandom) {
  return { number, body: new Uint8Array(random.integer(0, maxBodyBytes)).fill(number) };
}

function isBody({ number, body }: { readonly number: number; readonly body: Uint8Array }): boolean {
  return body.every((byte) => byte === (number & 0xff));
}
