import { clientOn, MetadataEntry, method, RoamError, service, t } from "roam";
import { introspect } from "roam/introspection";
import type { Connection } from "roam/session";
import { ConnectionRejected } from "roam/session";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { Probe } from "../probe.ts";
import { Difference, expectEqual, show } from "../vectors/tally.ts";
import { type Case, collect, expectCallError, gives, refuses, within } from "./case.ts";
import type { ProbeClient, TestbedClient } from "./services.ts";

/** How long the call to be stopped would take (ms): nothing below may come near it. */
const LONG_MS = 60_000;
/** What a peer of ours says of the service on its root connection. */
const ROOT = { name: "Testbed", is_root: true, health: "Serving" };
/** How soon a call that was given up must be over, here and there (ms). */
const SOON_MS = 3_000;

/** Cancellation, deadlines, limits, metadata: how calls behave besides their values. */
export function behaviourCases(testbed: TestbedClient, probe: ProbeClient): Case[] {
  const { connection } = probe.$;
  const answered = () => allAnswered(connection, () => probe.sleep({ millis: 0 }));
  return [
    // r[verify rpc.cancel]
    {
      name: "an aborted call is rejected at once and stopped there",
      async run() {
        const controller = new AbortController();
        const reason = new Error("enough");
        const call = probe.sleep({ millis: LONG_MS }, { signal: controller.signal });
        // Answered after it was sent, so the long one is running there.
        await probe.sleep({ millis: 0 });
        controller.abort(reason);
        expectEqual("reason", await within("the rejection", rejection(call), SOON_MS), reason);
        await answered();
        expectEqual("later call", await probe.sleep({ millis: 1 }), 1);
      },
    },
    // r[verify rpc.x.deadline]
    {
      name: "a call past its deadline fails and is stopped there",
      async run() {
        const call = () => probe.sleep({ millis: LONG_MS }, { timeoutMs: 100 });
        await within("the deadline", expectCallError(call, "deadline-exceeded"), SOON_MS);
        await answered();
        expectEqual("later call", await probe.sleep({ millis: 1 }), 1);
      },
    },
    gives("a call within its deadline", () => probe.sleep({ millis: 1 }, { timeoutMs: SOON_MS }), 1),
    {
      name: "leaving `generate` early lets its call end",
      async run() {
        // Fewer than the credit, so that a peer that ignores Reset is done all the same.
        const call = testbed.generate({ count: 10 });
        expectEqual("items", await take(call.output, 3), [0, 1, 2]);
        await call;
        expectEqual("later call", await testbed.echo({ message: "later" }), "later");
      },
    },
    {
      name: "leaving `count_up` early leaves the connection in order",
      async run() {
        const controller = new AbortController();
        const call = probe.count_up({ from: 5n }, { signal: controller.signal });
        expectEqual("items", await take(call.out, 3), [5n, 6n, 7n]);
        expectEqual("later call", await probe.sleep({ millis: 1 }), 1);
        const next = probe.count_up({ from: 9n });
        expectEqual("later items", (await collect(next.out)).length, 20);
        // The crates' sender waits for credit for ever: only a Cancel ends its call.
        controller.abort();
        await call.catch(() => {});
        await answered();
      },
    },
    // r[verify rpc.unknown-method]
    // r[verify rpc.error.scope]
    refuses("an unknown method", () => unknownMethod(testbed), "unknown-method"),
    refuses(
      "a method of another service is unknown",
      async () => {
        await using stranger = clientOn(probe.$.session, connection, Testbed);
        return await stranger.echo({ message: "?" });
      },
      "unknown-method",
    ),
    gives("calls go on after an unknown method", () => testbed.echo({ message: "still" }), "still"),
    gives("a call with metadata of every kind", async () => {
      const metadata = [
        new MetadataEntry("text", "Grüße"),
        new MetadataEntry("bytes", Uint8Array.of(0, 255)),
        new MetadataEntry("count", 2n ** 64n - 1n),
        new MetadataEntry("count", 0n, 3n),
      ];
      const trace = { traceparent: `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01` };
      const result = await testbed.echo.result({ message: "with metadata" }, { metadata, trace });
      return [result.ok && result.value, [...result.metadata]];
    }, ["with metadata", []]),
  ];
}

/** Virtual connections opened from here, and what becomes of them. */
export function connectionCases(testbed: TestbedClient): Case[] {
  const { session } = testbed.$;
  return [
    // r[verify rpc.virtual-connection.open]
    // r[verify connection.virtual]
    {
      name: "two virtual connections at a time, one of either parity",
      async run() {
        await using odd = await testbed.$.open(Probe);
        const connection = await session.openConnection({ parity: "even", metadata: { service: "Probe" } });
        await using even = clientOn(session, connection, Probe);
        const answers = [odd.sleep({ millis: 2 }), even.sleep({ millis: 3 }), even.tree({ node: LEAF })];
        expectEqual("answers", await Promise.all(answers), [2, 3, 1]);
        expectEqual("items", await Promise.all([counted(odd), counted(even)]), [20, 20]);
      },
    },
    // r[verify connection.open.rejection]
    {
      name: "a rejected connection tells why",
      async run() {
        const error = await rejection(session.openConnection({ metadata: { service: "Nobody" } }));
        if (!(error instanceof ConnectionRejected)) throw error;
        expectEqual("reason", error.metadata.get("reason"), "no such service");
      },
    },
    {
      name: "a peer tells what it serves, or at once that it does not",
      async run() {
        const told = await within("introspection", introspect(session), SOON_MS);
        if (told !== undefined) expectEqual("root", told.services[0], ROOT);
        expectEqual("on the root", await testbed.echo({ message: "still here" }), "still here");
      },
    },
    {
      name: "a closed connection ends its calls, the root goes on",
      async run() {
        const probe = await testbed.$.open(Probe);
        const call = probe.sleep({ millis: LONG_MS });
        session.closeConnection(probe.$.connection.connectionId);
        await expectCallError(() => within("the call", call, SOON_MS), "closed");
        expectEqual("on the root", await testbed.echo({ message: "still here" }), "still here");
      },
    },
  ];
}

const LEAF = { value: 0, children: [] };

async function counted(probe: ProbeClient): Promise<number> {
  return (await collect(probe.count_up({ from: 1n }).out)).length;
}

const Stranger = service("Testbed", { no_such_method: method({ text: t.string }, t.u32) });

async function unknownMethod({ $ }: TestbedClient): Promise<number> {
  await using stranger = clientOn($.session, $.connection, Stranger);
  return await stranger.no_such_method({ text: "?" });
}

/** What a promise rejects with. */
async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Difference(`expected a rejection, got ${show(value)}`);
}

/** The first items of a channel, which is left then. */
async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

/**
 * Makes calls until everything given up has been answered too: each round trip gives the
 * counterpart the time to do so.
 *
 * @throws RoamError `aborted` if it does not
 */
async function allAnswered(connection: Connection, roundTrip: () => PromiseLike<unknown>): Promise<void> {
  const limit = AbortSignal.timeout(SOON_MS);
  while (connection.caller.inFlight > 0) {
    if (limit.aborted) throw new RoamError("aborted", "a cancelled call was never answered");
    await roundTrip();
  }
}
