import { ScriptedPeer } from "roam/testing";
import { type Message, Metadata } from "roam/wire";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES, bareAddress } from "../address.ts";
import { type Scene, within } from "../case.ts";
import { meet, part, type Terms } from "../meeting.ts";
import { RustPeer } from "../rust-peer.ts";
import { testbedCases } from "../testbed-cases.ts";
import { ping } from "./hand-made-peer.ts";

const LIMIT_MS = 10_000;
/** Calls that the Rust peer makes at a time, at most. */
const ITS_CALLS = 50;
/** `Err(InvalidPayload)`: the check that made the call fails, and the next one goes on. */
const REFUSAL = Uint8Array.of(1, 2);
/** Announced by the acceptor made by hand. */
const ANNOUNCED = 2;

type RequestCall = Extract<Message, { tag: "RequestCall" }>;

function refused({ connectionId, id }: RequestCall): Message {
  return {
    tag: "RequestResponse",
    connectionId,
    id,
    channels: [],
    metadata: Metadata.EMPTY,
    ret: REFUSAL,
  };
}

/** A Rust peer that dialled somebody who makes messages by hand. */
async function dialledBy(...work: readonly string[]): Promise<ScriptedPeer> {
  let onPeer: (peer: ScriptedPeer) => void = () => {};
  const arrived = new Promise<ScriptedPeer>((resolve) => {
    onPeer = resolve;
  });
  const listener = await ADDRESSES.tcp.listen("127.0.0.1:0", (link) => onPeer(new ScriptedPeer(link)));
  new RustPeer(["dial", "--link", "tcp", "--addr", bareAddress(listener.address), ...work]);
  const peer = await within("the link", arrived, LIMIT_MS);
  await listener.close();
  return peer;
}

const asInitiator: Scene = {
  title: "hazards of messages, to a Rust initiator",
  async run(_stage, report) {
    // For session.parity.
    await report.check("it does not look at our parity", async () => {
      const peer = await dialledBy("--call");
      const { settings } = await peer.handshake("acceptor", { parity: "odd" });
      expectEqual("its own", settings.parity, "odd");
      await peer.expect("RequestCall");
      peer.die();
    });
    await report.check("it takes a second response for none", async () => {
      const peer = await dialledBy("--call");
      await peer.handshake("acceptor");
      const ids: unknown[] = [];
      while (ids.length < 5) {
        const call = await peer.expect("RequestCall");
        ids.push(call.id);
        await peer.send(refused(call));
        await peer.send(refused(call));
      }
      expectEqual("calls", ids, [1, 3, 5, 7, 9]);
      peer.die();
    });
    // For session.connection-settings.hello.
    await report.check("it makes more calls than we announce", async () => {
      const peer = await dialledBy("--call");
      await peer.handshake("acceptor", { maxConcurrentRequests: ANNOUNCED });
      for (let nonce = 1; nonce <= 2 * ITS_CALLS; nonce++) {
        const calls = [await peer.expect("RequestCall")];
        // What was under way at the same time is here before the Pong.
        await peer.send(ping(nonce));
        for (;;) {
          const message = await peer.expectAny();
          if (message.tag === "Pong") break;
          if (message.tag === "RequestCall") calls.push(message);
        }
        if (calls.length > ANNOUNCED) return peer.die();
        for (const call of calls) await peer.send(refused(call));
      }
      throw new Difference("it kept to our limit");
    });
    // For session.keepalive.
    await report.check("its keepalive counts from 1", async () => {
      const peer = await dialledBy("--keepalive-ms", "10");
      await peer.handshake("acceptor");
      for (let nonce = 1; nonce <= 5; nonce++) {
        expectEqual("Ping", await peer.expect("Ping"), ping(nonce));
        await peer.send({ tag: "Pong", connectionId: 0, nonce });
      }
      peer.die();
    });
    return "";
  },
};

/** We announce less than it makes at a time, and queue the rest. */
// r[verify session.x.limits]
const queued: Scene = {
  title: "hazard: more calls at a time than we announce",
  async run({ directory }, report) {
    const terms: Terms = { link: "tcp", role: "acceptor", conduit: "bare" };
    const limits = { maxConcurrentRequests: Math.ceil(ITS_CALLS / 3) };
    const meeting = await meet(terms, { directory, rust: ["--call"], ours: { limits } });
    const checks = await meeting.rust.report(report);
    await part(meeting, report);
    return ` (${checks} calls made by the Rust peer)`;
  },
};

/** Its keepalive interrupts its session with each tick; with the help that our Rust peer gives it that is harmless. */
function itsKeepalive(terms: Terms): Scene {
  const { role, conduit } = terms;
  return {
    title: `hazard: keepalive of the Rust peer, ${role}${conduit === "stable" ? " stable" : ""}`,
    async run({ directory }, report) {
      const meeting = await meet(terms, { directory, rust: ["--keepalive-ms", "20"] });
      await report.checkAll(testbedCases(meeting.client));
      await part(meeting, report);
      return "";
    },
  };
}

export const SESSION_SCENES: readonly Scene[] = [
  asInitiator,
  queued,
  ...(["bare", "stable"] as const).flatMap((conduit) =>
    (["initiator", "acceptor"] as const).map((role) => itsKeepalive({ link: "tcp", role, conduit })),
  ),
];
