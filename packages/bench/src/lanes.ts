import { serve } from "roam";
import { messagePortLink } from "roam/message-port";
import { sharedBufferLink } from "roam/shared-buffer";
import { barePeer, linkPeer } from "./bouncing.ts";
import type { Contender } from "./contender.ts";
import { endTo, portTo } from "./port-thread.ts";
import { PortSocket } from "./raw/port-socket.ts";
import { RawPeer } from "./raw/raw-peer.ts";
import type { RawWindow } from "./raw/raw-stream.ts";
import { rawNetPeer, rawWsPeer, serveRawNet, serveRawWs } from "./raw/raw-transports.ts";
import { memoryPeer, roamPeer } from "./roam-peer.ts";
import { Bench, benchHandlers, isCreditAdaptive, sessionOptions } from "./roam-service.ts";

const STREAMS = /^(down|up)-/;
const PORT_BOUNCES = /^bounce-(64B-|64KiB-8)/;
const STREAMS_16 = /^(down|up)-16$/;

interface RoamLane {
  readonly raw: string;
  readonly conduit?: "bare" | "stable";
  readonly isAdaptive?: boolean;
  readonly cases?: RegExp;
}

/** Ours at a URL. @param url DIR stands for the directory */
function roam(name: string, url: string, { raw, cases, conduit = "bare", ...lane }: RoamLane): Contender {
  const adaptive = lane.isAdaptive ?? isCreditAdaptive;
  return {
    name,
    raw,
    ...(cases && { cases }),
    async serve(directory) {
      const options = sessionOptions(adaptive);
      return (await serve(url.replace("DIR", directory), Bench, benchHandlers, options)).address;
    },
    open: (address) => roamPeer(address, adaptive, conduit),
  };
}

function rawNet(name: string, window?: RawWindow, path?: string): Contender {
  return {
    name,
    raw: undefined,
    serve: async (directory) => (await serveRawNet(window, path && `${directory}/${path}`)).address,
    open: (address) => rawNetPeer(address, window),
  };
}

/** Where both sides live in the measuring process. */
const nobody = async () => "";

const TCP = "tcp://127.0.0.1:0";
const UNIX = "unix:DIR/roam.sock";
const WS = "ws://127.0.0.1:0/";

export const ours: readonly Contender[] = [
  { name: "memory", raw: undefined, serve: nobody, open: () => memoryPeer(isCreditAdaptive) },
  roam("tcp", TCP, { raw: "tcp-raw" }),
  roam("tcp-stable", TCP, { raw: "tcp-raw", conduit: "stable" }),
  roam("tcp-fixed", TCP, { raw: "tcp-raw", isAdaptive: false, cases: STREAMS }),
  roam("unix", UNIX, { raw: "unix-raw" }),
  roam("unix-stable", UNIX, { raw: "unix-raw", conduit: "stable" }),
  roam("ws", WS, { raw: "ws-raw" }),
  roam("ws-stable", WS, { raw: "ws-raw", conduit: "stable" }),
  {
    name: "message-port",
    raw: "message-port-raw",
    serve: nobody,
    open: () => roamPeer(messagePortLink(portTo("message-port")), isCreditAdaptive),
  },
  {
    name: "shared-buffer",
    raw: "message-port-raw",
    serve: nobody,
    open: () => roamPeer(sharedBufferLink(endTo("shared-buffer")), isCreditAdaptive),
  },
  {
    name: "message-port-link",
    raw: "message-port-bare",
    cases: PORT_BOUNCES,
    serve: nobody,
    open: () => linkPeer(messagePortLink(portTo("message-port-link"))),
  },
  {
    name: "shared-buffer-link",
    raw: "message-port-bare",
    cases: PORT_BOUNCES,
    serve: nobody,
    open: () => linkPeer(sharedBufferLink(endTo("shared-buffer-link"))),
  },
];

/** Bare transports, with calls and streams by hand: as fast as it gets. */
export const limits: readonly Contender[] = [
  rawNet("tcp-raw"),
  { ...rawNet("tcp-raw-credit", 16), cases: STREAMS_16 },
  rawNet("unix-raw", undefined, "raw.sock"),
  {
    name: "ws-raw",
    raw: undefined,
    serve: () => serveRawWs(),
    open: (address) => rawWsPeer(address),
  },
  {
    name: "message-port-raw",
    raw: undefined,
    serve: nobody,
    open: async () => new RawPeer(new PortSocket(portTo("message-port-raw")), Number.POSITIVE_INFINITY),
  },
  {
    name: "message-port-bare",
    raw: undefined,
    cases: PORT_BOUNCES,
    serve: nobody,
    open: () => barePeer(portTo("message-port-bare")),
  },
];

export const lanes: readonly Contender[] = [...ours, ...limits];

/** Between a thread and the one that started it: `npm run -s bench -- worker`. */
export const workerLanes: readonly Contender[] = lanes.filter(({ name }) =>
  /^(message-port|shared-buffer)/.test(name),
);
