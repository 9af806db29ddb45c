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

export const HAZARD_SCENES: readonly Scene[] = [
  ...SOCKET_KINDS.map(frameScene),
  ...FAULT_SCENES,
  ...RESTART_SCENES,
  ...ONE_WAY_SCENES,
  NUMBERS_END_SCENE,
  messages,
  ...SESSION_SCENES,
];
