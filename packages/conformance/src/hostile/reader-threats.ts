import { Metadata } from "roam/wire";
import { expectEqual } from "../vectors/tally.ts";
import { callOf, eventually, framed, type RawPeer, StablePeer, varint } from "./raw-peer.ts";
import type { Threat, ThreatScene } from "./threat.ts";

const MIB = 2 ** 20;
const STALL = { stallNoticeMs: 300, maxStallMs: 1200 } as const;
/** How much later than its time something may be seen on a busy machine (ms). */
const LATE_MS = 3000;

/** The owner was told of each, and then they were cut. */
async function untilCut(
  scene: ThreatScene,
  peers: readonly { readonly link: RawPeer["link"] }[],
): Promise<string> {
  const startMs = performance.now();
  await eventually("the owner is told", async () => (await scene.status()).stalls >= peers.length);
  const toldMs = performance.now() - startMs;
  // Their sockets are not read, so that they do not see it.
  await eventually(
    "they are cut",
    async () => (await scene.status()).sessions === 1,
    STALL.maxStallMs + LATE_MS,
  );
  const cutMs = performance.now() - startMs;
  const { ends } = await scene.status();
  expectEqual("how they ended", ends, { io: peers.length });
  for (const { link } of peers) link.destroy();
  return `told of ${peers.length} after ${toldMs.toFixed(0)} ms, cut after ${cutMs.toFixed(0)} ms`;
}

/** Sends until the session is over, as much as is taken. */
async function untilCutOff(scene: ThreatScene, peer: RawPeer, next: () => Uint8Array): Promise<string> {
  let takenBytes = 0;
  let isCut = false;
  const flooding = (async () => {
    while (takenBytes < 100 * MIB && !isCut) {
      const bytes = next();
      // What is written to an end that is gone is taken at once.
      await peer.link.written(bytes);
      if (!isCut) takenBytes += bytes.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await eventually("it is cut", async () => (await scene.status()).sessions === 1);
  isCut = true;
  const { ends } = await scene.status();
  peer.link.destroy();
  await flooding;
  expectEqual("how it ended", ends, { io: 1 });
  return `${(takenBytes / MIB).toFixed(0)} MiB were taken at most, then cut`;
}

export const slowReaderBare: Threat = {
  name: "reads nothing, bare",
  attack: "8 sessions ask for 15 answers of 1 MiB each and for a stream without end, and do not read",
  limit: `stallNoticeMs ${STALL.stallNoticeMs}, maxStallMs ${STALL.maxStallMs}; answers by maxConcurrentRequests 8`,
  expected: "the owner is told, the sessions end",
  victim: { limits: { ...STALL, maxConcurrentRequests: 8 } },
  maxGrowthMib: 192,
  async run(scene) {
    const peers: RawPeer[] = [];
    for (let index = 0; index < 8; index++) {
      const peer = await scene.open();
      peer.link.pause(true);
      peer.send(callOf("pour", 1, [], { channels: [1] }));
      for (let call = 0; call < 15; call++) peer.send(callOf("blob", 3 + 2 * call, varint(MIB)));
      peers.push(peer);
    }
    return untilCut(scene, peers);
  },
};

export const slowReaderStable: Threat = {
  name: "reads nothing, stable",
  attack: "8 stable sessions ask for answers of 1 MiB and for a stream without end, and do not read",
  limit: `maxReplayBytes 4 MiB; stallNoticeMs ${STALL.stallNoticeMs}, maxStallMs ${STALL.maxStallMs}`,
  expected: "replay held to its bound, the owner is told, the sessions end",
  victim: { limits: { ...STALL, maxReplayBytes: 4 * MIB, maxConcurrentRequests: 8 } },
  maxGrowthMib: 192,
  async run(scene) {
    const peers: StablePeer[] = [];
    for (let index = 0; index < 8; index++) {
      const peer = await StablePeer.open(scene.port);
      peer.link.pause(true);
      peer.send(callOf("pour", 1, [], { channels: [1] }));
      for (let call = 0; call < 15; call++) peer.send(callOf("blob", 3 + 2 * call, varint(MIB)));
      peers.push(peer);
    }
    return untilCut(scene, peers);
  },
};

export const neverAcknowledges: Threat = {
  name: "reads, and acknowledges nothing",
  attack: "8 stable sessions read a stream and give credit for it, without a single ack",
  limit: `maxReplayBytes 4 MiB, solicitTimeoutMs 500; maxStallMs ${STALL.maxStallMs}`,
  expected: "the server asks, then drops the link; nobody comes back, the session is given up",
  victim: {
    limits: { ...STALL, maxReplayBytes: 4 * MIB, solicitTimeoutMs: 500 },
    retention: { retentionMs: 1000 },
  },
  maxGrowthMib: 128,
  async run(scene) {
    const peers: StablePeer[] = [];
    for (let index = 0; index < 8; index++) {
      const peer = await StablePeer.open(scene.port);
      peer.link.take(() => {});
      peer.received = undefined;
      peer.send(callOf("pour", 1, [], { channels: [1] }));
      peer.send({ tag: "ChannelGrantCredit", connectionId: 0, id: 1, additional: 100_000 });
      peers.push(peer);
    }
    await eventually("they are gone", async () => (await scene.status()).sessions === 1);
    for (const { link } of peers) link.destroy();
    return `ended by ${JSON.stringify((await scene.status()).ends)}`;
  },
};

export const pingFlood: Threat = {
  name: "Pings in a flood",
  attack: "500,000, all answers read",
  limit: "answers in turn",
  expected: "all answered",
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    const count = 500_000;
    const pings = framed(
      ...Array.from({ length: 10_000 }, (_, nonce) => ({ tag: "Ping", connectionId: 0, nonce }) as const),
    );
    for (let sent = 0; sent < count; sent += 10_000) await peer.link.written(pings);
    await eventually("all are answered", () => peer.seen("Pong") === count, 20_000);
    peer.link.destroy();
    return `${count.toLocaleString("en")} answered`;
  },
};

export const unreadPings: Threat = {
  name: "Pings whose answers nobody reads",
  attack: "as many as are taken, up to 100 MiB",
  limit: `maxQueuedControls 8192, then reading stops; maxStallMs ${STALL.maxStallMs}`,
  expected: "no longer read after some, then cut",
  victim: { limits: STALL },
  async run(scene) {
    const peer = await scene.open();
    peer.link.pause(true);
    const pings = framed(
      ...Array.from({ length: 10_000 }, (_, nonce) => ({ tag: "Ping", connectionId: 0, nonce }) as const),
    );
    return untilCutOff(scene, peer, () => pings);
  },
};

export const unreadRefusals: Threat = {
  name: "opens whose answers nobody reads",
  attack: "rejected opens and calls of no method, as many as are taken, up to 100 MiB",
  limit: `maxQueuedControls 8192, then reading stops; maxStallMs ${STALL.maxStallMs}`,
  expected: "no longer read after some, then cut",
  victim: { limits: STALL },
  async run(scene) {
    const peer = await scene.open();
    peer.link.pause(true);
    const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
    let at = 0;
    return untilCutOff(scene, peer, () => {
      const messages = Array.from({ length: 10_000 }, () => {
        const id = 1 + 2 * at++;
        if (at % 2 === 0)
          return { tag: "ConnectionOpen", connectionId: id, settings, metadata: Metadata.EMPTY } as const;
        return { ...callOf("echo", id), methodLo: 7 } as ReturnType<typeof callOf>;
      });
      return framed(...messages);
    });
  },
};

export const READER_THREATS: readonly Threat[] = [
  slowReaderBare,
  slowReaderStable,
  neverAcknowledges,
  pingFlood,
  unreadPings,
  unreadRefusals,
];
