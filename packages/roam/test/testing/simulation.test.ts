import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { method, RoamError, service, t } from "roam";
import {
  CALM,
  ClaimError,
  type Fault,
  randomPlan,
  type ScenarioSource,
  type Simulation,
  SimulationError,
  shrinkPlan,
  simulate,
  simulateSeeds,
} from "roam/testing";

const Notes = service("Notes", {
  add: method({ text: t.string }, t.u32),
  all: method({ out: t.tx(t.string, 4) }, t.unit),
});
type NotesMethods = (typeof Notes)["methods"];

const TEXTS = ["one", "two", "three", "four", "five"];

/** Notes that are taken and read back; with a pause, so that timed faults find it at work. */
const notes: ScenarioSource<NotesMethods> = (sim) => {
  const kept: string[] = [];
  return {
    handlers: {
      add: ({ text }) => kept.push(text),
      all: async ({ out }) => {
        for (const text of kept) await out.send(text);
      },
    },
    client: async (client) => {
      for (const text of TEXTS) {
        await client.add({ text });
        await sim.sleep(20);
      }
      const read: string[] = [];
      for await (const text of client.all().out) read.push(text);
      sim.check(read.join() === TEXTS.join(), `read ${read.join()}`);
    },
  };
};

const CUT: Fault = { kind: "cut", link: 0, from: "client", byte: 300, seenBy: "both" };

suite("simulate", () => {
  test("gives the same run for the same seed, event by event, and another one for another", async () => {
    const run = (seed: number) => simulate(Notes, notes, { seed, trace: true });
    const [first, again, other] = [await run(5), await run(5), await run(6)];
    assert.equal(first.failure, undefined);
    assert.ok(first.events.length > 30);
    assert.deepEqual(again, first);
    assert.notDeepEqual(other.events, first.events);
    assert.deepEqual(JSON.parse(JSON.stringify(first.plan)), first.plan, "a plan is plain data");
  });

  // r[verify stable]
  // r[verify stable.reconnect]
  test("cuts a link, and the session goes on over another one", async () => {
    const { failure, counts, linkBytes } = await simulate(Notes, notes, { plan: { ...CALM, faults: [CUT] } });
    assert.equal(failure, undefined);
    assert.deepEqual([counts.links, counts.cuts, counts.resumes], [2, 1, 1]);
    assert.equal(linkBytes[0]?.client, 300, "not one byte more");
    assert.equal(
      counts.bytes,
      linkBytes.reduce((sum, { client, server }) => sum + client + server, 0),
    );
  });

  test("connects again where a session could not be set up", async () => {
    const { failure, counts } = await simulate(Notes, notes, {
      plan: { ...CALM, faults: [{ ...CUT, byte: 10 }] },
    });
    assert.deepEqual([failure, counts.retries, counts.resumes], [undefined, 1, 0]);
  });

  // r[verify stable.reconnect.failure]
  test("restarts a server, which begins with nothing: the session is lost, and that is told", async () => {
    const handlers: object[] = [];
    const outcome: unknown[] = [];
    const { failure, counts } = await simulate(
      Notes,
      {
        handlers: () => {
          const kept: string[] = [];
          handlers.push(kept);
          return { add: ({ text }) => kept.push(text), all: () => {} };
        },
        client: async (client, sim) => {
          outcome.push(await client.add({ text: "one" }));
          await sim.sleep(1_000);
          await assert.rejects(client.add({ text: "two" }), (error) => {
            return error instanceof RoamError && error.code === "session-lost";
          });
          const next = await sim.connect(Notes);
          outcome.push(await next.add({ text: "three" }));
        },
      },
      { plan: { ...CALM, faults: [{ kind: "restart", atMs: 500, downMs: 100 }] } },
    );
    assert.equal(failure, undefined);
    assert.deepEqual(outcome, [1, 1], "the second server has no note yet");
    assert.deepEqual([handlers.length, counts.restarts, counts.lostSessions], [2, 1, 1]);
    assert.ok((counts.refused ?? 0) > 0, "while it was down");
  });

  test("passes its own seed, luck and time to the scenario", async () => {
    const drawn: number[] = [];
    for (let time = 0; time < 2; time++) {
      const { counts } = await simulate(
        Notes,
        (sim) => ({
          handlers: { add: () => 0, all: () => {} },
          client: async () => {
            drawn.push(sim.random.next());
            await sim.sleep(1_234);
            sim.count("naps");
          },
        }),
        { seed: 9, plan: CALM },
      );
      assert.equal(counts.naps, 1);
      assert.ok((counts.virtualMs ?? 0) >= 1_234);
    }
    assert.equal(drawn[0], drawn[1]);
  });
});

suite("simulate finds", () => {
  const failing = (
    part: (sim: Simulation) => {
      add?: () => number | Promise<number>;
      client?: () => Promise<void>;
    },
  ): ScenarioSource<NotesMethods> => {
    return (sim) => {
      const { add = () => 0, client } = part(sim);
      return {
        handlers: { add, all: () => {} },
        client: client ?? (async (notes) => void (await notes.add({ text: "" }))),
      };
    };
  };
  const failureOf = async (scenario: ScenarioSource<NotesMethods>) =>
    (await simulate(Notes, scenario, { plan: CALM })).failure;

  test("what the client throws", async () => {
    const error = new Error("no");
    assert.equal(await failureOf(failing(() => ({ client: () => Promise.reject(error) }))), error);
  });

  test("a check in a handler that does not hold, though its caller shrugs", async () => {
    const failure = await failureOf((sim) => ({
      handlers: {
        add: () => {
          sim.check(false, "the handler does not like it");
          return 0;
        },
        all: () => {},
      },
      client: (client) =>
        client.add({ text: "" }).then(
          () => {},
          () => {},
        ),
    }));
    assert.ok(failure instanceof ClaimError);
    assert.match(failure.message, /the handler does not like it/);
  });

  test("a hang, and says who waits", async () => {
    const failure = await failureOf(failing(() => ({ add: () => new Promise(() => {}) })));
    assert.equal(failure?.name, "HangError");
    assert.match(failure.message, /call of add; handler of add; session of the server \(connected/);
  });

  test("a loop that moves no further", async () => {
    const loop = failing((sim) => ({
      client: async () => {
        for (;;) await sim.sleep(0);
      },
    }));
    const { failure } = await simulate(Notes, loop, { plan: CALM, maxSteps: 1_000 });
    assert.match(failure?.message ?? "", /hangs, after 1000 steps/);
  });

  test("what does not hold when all is over", async () => {
    const failure = await failureOf((sim) => ({
      handlers: { add: () => 0, all: () => {} },
      client: () => sim.sleep(5),
      after: () => sim.check(sim.network.open.size > 0, "no link is left"),
    }));
    assert.match(failure?.message ?? "", /no link is left/);
  });

  test("a timer left behind", async () => {
    const failure = await failureOf(
      failing((sim) => ({ client: async () => void sim.clock.after(1e9, () => {}) })),
    );
    assert.equal(failure?.name, "LeakError");
    assert.match(failure.message, /1 timers/);
  });

  test("a handler left behind by a caller that is gone", async () => {
    const failure = await failureOf((sim) => ({
      handlers: { add: () => new Promise(() => {}), all: () => {} },
      client: (client) => {
        client.add({ text: "" }).catch(() => {});
        return sim.sleep(10);
      },
    }));
    assert.equal(failure?.name, "LeakError");
    assert.match(failure.message, /handler of add/);
  });
});

suite("simulateSeeds", () => {
  // r[verify stable]
  test("runs a scenario under random plans and sums up", async () => {
    const sums = await simulateSeeds(Notes, notes, { seeds: 60, from: 1_000 });
    assert.equal(sums.seeds, 60);
    assert.ok((sums.cuts ?? 0) > 30 && (sums.resumes ?? 0) > 15, JSON.stringify(sums));
  });

  test("tells of a seed that fails, with a shrunk plan, its events and how to repeat it", async () => {
    // Wrong about the network: it counts on a session that never loses its link.
    const naive: ScenarioSource<NotesMethods> = (sim) => ({
      handlers: { add: () => 0, all: () => {} },
      client: async (client) => {
        for (const text of TEXTS) await client.add({ text });
        sim.check(sim.counts.resumes === 0, "the link was replaced");
      },
    });
    const error = await simulateSeeds(Notes, naive, { repeat: (seed) => `npm test -- --seed ${seed}` }).then(
      () => assert.fail("no seed cuts a link"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof SimulationError);
    assert.match(error.message, new RegExp(`seed ${error.seed} fails: the link was replaced`));
    assert.match(error.message, new RegExp(`npm test -- --seed ${error.seed}`));
    assert.ok(error.original.faults.length >= error.plan.faults.length);
    assert.equal(error.plan.faults.length, 1, JSON.stringify(error.plan));
    assert.ok(error.events.some(({ what }) => what === "cut"));
    // The shrunk plan is enough to see it again.
    const again = await simulate(Notes, naive, { seed: error.seed, plan: error.plan });
    assert.match(again.failure?.message ?? "", /the link was replaced/);
  });
});

suite("fault plans", () => {
  test("of a seed are always the same; a server is restarted only where that is asked for", () => {
    const kinds = new Set<string>();
    let restarts = 0;
    for (let seed = 0; seed < 500; seed++) {
      const plan = randomPlan(seed);
      assert.deepEqual(randomPlan(seed), plan);
      for (const { kind } of plan.faults) kinds.add(kind);
      restarts += randomPlan(seed, { restarts: true }).faults.filter(({ kind }) => kind === "restart").length;
    }
    assert.deepEqual([...kinds].sort(), ["cut", "cut-all", "delay", "refuse", "slow", "stall", "twin"]);
    assert.ok(restarts > 50);
  });

  test("that cannot be followed are refused", async () => {
    for (const fault of [
      { ...CUT, byte: -1 },
      { ...CUT, byte: Number.NaN },
      { kind: "slow", link: 0, from: "client", bytesPerMs: 0 },
    ] as const) {
      await assert.rejects(simulate(Notes, notes, { plan: { ...CALM, faults: [fault] } }), RangeError);
    }
    await assert.rejects(simulate(Notes, notes, { plan: { ...CALM, chunkBytes: [2, 1] } }), RangeError);
  });

  test("are shrunk to what matters", async () => {
    const noise: Fault[] = [
      { kind: "delay", link: 0, from: "server", ms: 70 },
      { kind: "stall", link: 1, from: "client", byte: 10, ms: 5 },
      { kind: "refuse", atMs: 10, forMs: 10 },
    ];
    const plan = { ...CALM, jitterMs: 7, faults: [...noise, { ...CUT, isOrderly: true }, ...noise] };
    let runs = 0;
    const shrunk = await shrinkPlan(plan, async ({ faults }) => {
      runs++;
      return faults.some((fault) => fault.kind === "cut" && fault.byte >= 37);
    });
    assert.deepEqual(shrunk, { ...CALM, faults: [{ ...CUT, byte: 37, isOrderly: false }] });
    assert.ok(runs < 100, `${runs} runs`);
    // A fault that only the cuts before it bring about comes first without them.
    const chain = [0, 1, 2, 3].map((link) => ({ ...CUT, link, byte: link === 3 ? 50 : 0 }));
    const last = await shrinkPlan({ ...CALM, faults: chain }, async ({ faults }) =>
      faults.some((fault) => fault.kind === "cut" && fault.byte > 9 && fault.link === faults.length - 1),
    );
    assert.deepEqual(last.faults, [{ ...CUT, link: 0, byte: 10 }]);
    // As far as it can be followed: a reader takes something at least.
    const slow = { ...CALM, faults: [{ kind: "slow", link: 0, from: "client", bytesPerMs: 90 }] } as const;
    const slowest = await shrinkPlan(slow, async ({ faults }) => faults.length > 0);
    assert.deepEqual(slowest.faults, [{ ...slow.faults[0], link: 0, bytesPerMs: 1 }]);
    // Nothing smaller fails: it stays as it is.
    assert.deepEqual(await shrinkPlan(shrunk, async () => false), shrunk);
  });
});

suite("a simulation in a page", () => {
  test("needs nothing of Node", async () => {
    const contents = `
      import { method, service, t } from "roam";
      import { simulate } from "roam/testing";
      const Adder = service("Adder", { add: method({ a: t.u32, b: t.u32 }, t.u32) });
      const cut = { kind: "cut", link: 0, from: "server", byte: 200, seenBy: "both" };
      globalThis.run = (calm) => simulate(Adder, {
        handlers: { add: ({ a, b }) => a + b },
        client: async (adder, sim) => {
          for (let a = 0; a < 5; a++) sim.check((await adder.add({ a, b: 2 })) === a + 2, "a sum");
        },
      }, { plan: { ...calm, faults: [cut] } });
    `;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
      conditions: ["roam-source", "browser"],
      logLevel: "silent",
    });
    const page: Record<string, unknown> = {
      ...{ TextEncoder, TextDecoder, AbortController, MessageChannel },
      ...{ queueMicrotask, performance, setTimeout, clearTimeout, console },
    };
    runInNewContext(outputFiles[0]?.text ?? "", page);
    const { failure, counts } = await (page.run as (calm: object) => ReturnType<typeof simulate>)(CALM);
    assert.equal(failure, undefined);
    assert.deepEqual([counts.cuts, counts.resumes], [1, 1]);
  });
});
