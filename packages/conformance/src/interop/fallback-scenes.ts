import { type ConnectOptions, connect, type Session, serve } from "roam";
import { SilentPeerError } from "roam/conduit";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { ADDRESSES, bareAddress, SOCKET_KINDS, type SocketKind } from "./address.ts";
import { type Report, type Scene, within } from "./case.ts";
import { reporting } from "./meeting.ts";
import { RustPeer } from "./rust-peer.ts";
import { acceptConnection } from "./services.ts";
import { testbedCases } from "./testbed-cases.ts";

/** Time for a session to come about, or to be refused (ms). */
const MEET_LIMIT_MS = 10_000;
const STABLE = ["--conduit", "stable", "--resume-window-ms", "500"];

/** What `connect` is told of a peer that does not want what we insist on. */
async function refusal(target: string, options: ConnectOptions): Promise<unknown> {
  try {
    await within("the refusal", connect(target, Testbed, options), MEET_LIMIT_MS);
  } catch (error) {
    return error;
  }
  throw new Difference("a session came about");
}

/** A peer that speaks bare only: dialled again with that, and told so. */
function bareListenerScene(link: SocketKind): Scene {
  return {
    title: `${link} auto, to a bare listener`,
    async run({ directory }, report) {
      const address = ADDRESSES[link].free(directory);
      const rust = new RustPeer(["listen", "--link", link, "--addr", address, "--once"]);
      const target = ADDRESSES[link].url(await rust.listening());
      await report.check("a stable conduit alone is refused, with a reason", async () => {
        const error = await refusal(target, { conduit: "stable" });
        if (!(error instanceof SilentPeerError) || error.code !== "handshake") throw error;
        expectEqual("reason", error.reason.includes("before a ServerHello"), true);
      });
      const states: string[] = [];
      const log: string[] = [];
      const dialled = connect(target, Testbed, {
        ...reporting(log),
        onState: (state) => states.push("conduit" in state ? `${state.kind} ${state.conduit}` : state.kind),
      });
      const client = await within("the session", dialled, MEET_LIMIT_MS);
      await report.checkAll(testbedCases(client));
      await report.check("it keeps nothing for a replay", async () =>
        expectEqual("replay", client.$.session.replay, undefined),
      );
      await within("closing", client.$.session.close(), MEET_LIMIT_MS);
      await report.check("the states say bare", async () =>
        expectEqual("states", states, ["connecting", "connected bare", "closed"]),
      );
      await report.check("one line of the log does", async () =>
        expectEqual("log", log, ["the peer speaks bare conduits only: lost links end the session"]),
      );
      await rust.reportExit(report);
      return "";
    },
  };
}

/** A peer that speaks stable only, asked for bare. */
function stableListenerScene(link: SocketKind): Scene {
  return {
    title: `${link} bare, to a stable listener`,
    async run({ directory }, report) {
      const address = ADDRESSES[link].free(directory);
      const rust = new RustPeer(["listen", "--link", link, "--addr", address, ...STABLE]);
      const target = ADDRESSES[link].url(await rust.listening());
      await report.check("no session, and no other attempt", async () => {
        const error = await refusal(target, { conduit: "bare" });
        expectEqual("code", (error as { code?: unknown }).code, "handshake");
      });
      const client = await within("the session", connect(target, Testbed), MEET_LIMIT_MS);
      await report.check("without a choice it is stable", async () => {
        expectEqual("state", client.$.session.state, { kind: "connected", conduit: "stable" });
        expectEqual("answer", await client.echo({ message: "here" }), "here");
      });
      await within("closing", client.$.session.close(), MEET_LIMIT_MS);
      rust.kill();
      return "";
    },
  };
}

/** Rust peers of both kinds, at the same time. */
function onePortScene(link: SocketKind): Scene {
  return {
    title: `${link} bare and stable on one port`,
    async run({ directory }, report) {
      const sessions: Session[] = [];
      const log: string[] = [];
      await using server = await serve(
        ADDRESSES[link].url(ADDRESSES[link].free(directory)),
        Testbed,
        testbedHandlers,
        {
          ...reporting(log),
          acceptConnection,
          onSession: (session) => void sessions.push(session),
        },
      );
      const dial = ["dial", "--link", link, "--addr", bareAddress(server.address), "--call"];
      const peers = [new RustPeer(dial), new RustPeer([...dial, ...STABLE]), new RustPeer(dial)];
      let checks = 0;
      for (const rust of peers) checks += await rust.report(report);
      await report.check("each has what it asked for", async () => {
        const conduits = sessions.map(({ replay }) => (replay === undefined ? "bare" : "stable"));
        expectEqual("conduits", conduits.toSorted(), ["bare", "bare", "stable"]);
      });
      for (const rust of peers) await rust.reportExit(report);
      await report.check("nothing went wrong here", async () => expectEqual("log", log, []));
      return ` (${checks} calls made by the Rust peers)`;
    },
  };
}

/** A server that insists on one of them. */
function insistingScene(link: SocketKind, conduit: "bare" | "stable"): Scene {
  return {
    title: `${link} serving ${conduit} alone`,
    async run({ directory }, report) {
      await using server = await serve(
        ADDRESSES[link].url(ADDRESSES[link].free(directory)),
        Testbed,
        testbedHandlers,
        { conduit, acceptConnection },
      );
      const dial = ["dial", "--link", link, "--addr", bareAddress(server.address), "--call"];
      const dialled = { bare: dial, stable: [...dial, ...STABLE] };
      const unwanted = new RustPeer(dialled[conduit === "bare" ? "stable" : "bare"]);
      await reportNoSession(unwanted, report);
      const wanted = new RustPeer(dialled[conduit]);
      await wanted.report(report);
      await wanted.reportExit(report);
      return "";
    },
  };
}

async function reportNoSession(rust: RustPeer, report: Report): Promise<void> {
  await report.check("the other one is turned away", async () => {
    expectEqual("status", await rust.exited(MEET_LIMIT_MS), 1);
    if (!rust.log.some((line) => /no session|no stable conduit/.test(line))) {
      throw new Difference(rust.log.join(" | "));
    }
  });
}

/** What becomes of peers that do not speak the same conduit, and of a server that speaks both. */
// r[verify stable.x.detect]
export const FALLBACK_SCENES: readonly Scene[] = [
  ...SOCKET_KINDS.map(bareListenerScene),
  ...SOCKET_KINDS.map(stableListenerScene),
  ...SOCKET_KINDS.map(onePortScene),
  insistingScene("tcp", "bare"),
  insistingScene("tcp", "stable"),
];
