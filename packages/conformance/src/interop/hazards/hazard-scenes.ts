import { ADDRESSES, SOCKET_KINDS, type SocketKind } from "../address.ts";
import type { Scene } from "../case.ts";
import { RustPeer } from "../rust-peer.ts";
import { FAULT_SCENES } from "./fault-scenes.ts";
import { frameCases } from "./frame-cases.ts";
import { messageCases } from "./message-cases.ts";
import { NUMBERS_END_SCENE } from "./numbers-end-scene.ts";
import { ONE_WAY_SCENES } from "./one-way-scenes.ts";
import { RESTART_SCENES } from "./restart-scenes.ts";
import { SESSION_SCENES } from "./session-scenes.ts";

function listener(kind: SocketKind, directory: string, ...flags: readonly string[]): RustPeer {
  const address = ADDRESSES[kind].free(directory);
  return new RustPeer(["listen", "--link", kind, "--addr", address, ...flags]);
}

function frameScene(kind: SocketKind): Scene {
  return {
    title: `hazards of frames, ${kind}`,
    async run({ directory }, report) {
      const stable = ["--conduit", "stable"];
      const strict = listener(kind, directory, ...stable);
      const forgetful = listener(kind, directory, ...stable, "--forget");
      await report.checkAll(
        frameCases(kind, { strict: await strict.listening(), forgetful: await forgetful.listening() }),
      );
      return "";
    },
  };
}

const messages: Scene = {
  title: "hazards of messages",
  async run({ directory }, report) {
    await report.checkAll(messageCases(await listener("tcp", directory).listening()));
    return "";
  },
};

/**
 * What the contract says of 7.3 peers (its departures and hazards, of conduits and of sessions), each
 * against the real one. Left out is what cannot be provoked there:
 *
 * - its own numbers at their end: it would have to send 2^32 frames. (That it is deaf behind the end
 *   of ours is shown.)
 * - a peer of lost state that is noticed only by its frames: it acknowledges our very first frame
 *   with its own first one, so that the hello always tells.
 * - an ack for what was never sent: the crates never send one.
 * - that a buffer has no bound, and that an ack says received, not processed: neither shows on the
 *   wire. (That everything is kept which nobody acknowledges is shown.)
 * - an accepter that answers an open with the opener's own parity: the Rust peer's callback, which
 *   decides it, takes the opposite one.
 * - a place lost inside a partly read payload: a peer that lets that happen on a bare conduit fails
 *   now and then for no reason of ours, so this one never does. (On a stable conduit it is shown.)
 * - a Cancel that races with a reply: who wins is luck. The behaviour cases bear both outcomes.
 * - what its callers see of a session's end (`Cancelled`, or a clean end of a channel): that is its
 *   API, not its messages.
 * - a proxy that hands everything on: the crates have none.
 */
export const HAZARD_SCENES: readonly Scene[] = [
  ...SOCKET_KINDS.map(frameScene),
  ...FAULT_SCENES,
  ...RESTART_SCENES,
  ...ONE_WAY_SCENES,
  NUMBERS_END_SCENE,
  messages,
  ...SESSION_SCENES,
];
