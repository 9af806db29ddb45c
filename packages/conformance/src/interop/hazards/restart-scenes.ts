import { connect, type LinkSource, type Session, serve } from "roam";
import { testbedHandlers } from "../../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../../examples/testbed/testbed.ts";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES, bareAddress } from "../address.ts";
import { type Report, type Scene, within } from "../case.ts";
import { expectEnd, firstSession, meet } from "../meeting.ts";
import { RustPeer } from "../rust-peer.ts";

/** Time for a session to come to its end, or to whatever else is waited for (ms). */
const LIMIT_MS = 10_000;
/** Enough for a listener that is being replaced. */
const RECONNECT = { baseMs: 10, capMs: 50, totalMs: LIMIT_MS };

function listener(address: string, ...flags: readonly string[]): RustPeer {
  const stable = ["--conduit", "stable", "--resume-window-ms", "1000"];
  return new RustPeer(["listen", "--link", "tcp", "--addr", address, ...stable, ...flags]);
}

interface Dialled {
  readonly session: Session;
  /** Links that were had, the first one included. */
  readonly links: () => number;
}

/** A session of ours that was of use. */
async function dialled(address: string): Promise<Dialled> {
  let links = 0;
  const next: LinkSource["next"] = async ({ signal }) => {
    const link = await ADDRESSES.tcp.dial(address, signal);
    links++;
    return link;
  };
  const client = await connect({ next }, Testbed, { conduit: "stable", reconnect: RECONNECT });
  expectEqual("answer", await client.echo({ message: "here" }), "here");
  return { session: client.$.session, links: () => links };
}

async function expectLost(report: Report, { session, links }: Dialled, reason: RegExp): Promise<void> {
  await report.check(`the session is lost: ${reason.source}`, async () => {
    expectEnd(await within("the session's end", session.ended, LIMIT_MS), "session-lost", reason);
  });
  const linksThen = links();
  await report.check("and with it the wish for links", async () => {
    // Whatever would still be tried was due by then: the delays are far shorter.
    await session.close();
    expectEqual("links", links(), linksThen);
  });
}

/** One process takes the place of another, which lost its state with it. */
function restartedServer(title: string, flags: readonly string[], reason: RegExp): Scene {
  return {
    title,
    async run(_stage, report) {
      const first = listener("127.0.0.1:0", ...flags);
      const address = await first.listening();
      const met = await within("the session", dialled(address), LIMIT_MS);
      first.kill();
      await first.exited();
      const second = listener(address, ...flags);
      await second.listening();
      await expectLost(report, met, reason);
      await report.check("another session is welcome", async () => {
        const { session } = await within("the session", dialled(address), LIMIT_MS);
        await session.close();
      });
      return ` (links ${met.links()})`;
    },
  };
}

/** Its client, on the other hand, honours our refusal, and does not come again. */
// r[verify stable.reconnect.failure]
// r[verify stable.x.resume-verify]
const refusedClient: Scene = {
  title: "hazard: a Rust client whose session we do not know",
  async run(_stage, report) {
    const { onSession, arrived } = firstSession();
    const first = await serve("tcp://127.0.0.1:0", Testbed, testbedHandlers, { onSession });
    const address = bareAddress(first.address);
    const dial = ["dial", "--link", "tcp", "--addr", address, "--conduit", "stable"];
    const rust = new RustPeer([...dial, "--resume-window-ms", `${LIMIT_MS}`]);
    await within("the session", arrived, LIMIT_MS);
    await within("closing", first.close(), LIMIT_MS);
    // As after a restart: the same address, nothing known.
    let sessions = 0;
    await using second = await serve(first.address, Testbed, testbedHandlers, {
      onSession: () => void sessions++,
    });
    await rust.reportExit(report);
    await report.check("it says why, once", async () => {
      const lines = rust.log.filter((line) => line.includes("session lost"));
      if (lines.length !== 1) throw new Difference(rust.log.join(" | "));
    });
    await report.check("no session was made of it", async () =>
      expectEqual("sessions", [sessions, second.sessions.size], [0, 0]),
    );
    return "";
  },
};

/** A peer that ends looks like one whose link was lost: nobody comes back, and after a time that is the end. */
// r[verify stable.x.backoff]
const goneServer: Scene = {
  title: "hazard: a Rust server that ends",
  async run({ directory }, report) {
    const meeting = await meet(
      { link: "tcp", role: "initiator", conduit: "stable" },
      { directory, reconnect: { baseMs: 5, capMs: 50, totalMs: 500 } },
    );
    const { session, rust, client } = meeting;
    const call = Promise.allSettled([client.sum({})]);
    rust.kill();
    await report.check("the session is lost in time", async () => {
      expectEnd(await within("the session's end", session.ended, LIMIT_MS), "session-lost", /timeout/);
    });
    await report.check("and with it the calls", async () => {
      const [{ status }] = await within("the call", call, LIMIT_MS);
      expectEqual("call", status, "rejected");
    });
    return "";
  },
};

export const RESTART_SCENES: readonly Scene[] = [
  // r[verify stable.x.resume-consistency]
  restartedServer("hazard: a restarted server that takes any key", ["--forget"], /peer-state/),
  // r[verify stable.reconnect.failure]
  restartedServer("hazard: a restarted server that rejects", [], /rejected/),
  refusedClient,
  goneServer,
];
