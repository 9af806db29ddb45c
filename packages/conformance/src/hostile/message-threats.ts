import type { Message } from "roam/wire";
import { Metadata } from "roam/wire";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { callOf, eventually, framed, helloOf, type RawPeer, varint } from "./raw-peer.ts";
import type { Threat } from "./threat.ts";

const MIB = 2 ** 20;
const NONE = Metadata.EMPTY;

/** So many messages, in writes of about a megabyte, as fast as they are taken. */
async function flood(peer: RawPeer, count: number, messageOf: (index: number) => Message): Promise<void> {
  const size = Math.max(1, Math.floor(MIB / framed(messageOf(0)).length));
  for (let at = 0; at < count && !peer.link.hasEnded; at += size) {
    const messages = Array.from({ length: Math.min(size, count - at) }, (_, index) => messageOf(at + index));
    await peer.link.written(framed(...messages));
  }
}

const odd = (index: number) => 1 + 2 * index;

export const largeMetadata: Threat = {
  name: "metadata floods",
  attack: "65 KiB, or 129 entries, with a Hello, a call, a cancel, an open; 50 times each",
  limit: "maxMetadataBytes 64 KiB, maxMetadataEntries 128",
  expected: "a ProtocolError each, before the handler",
  async run(scene) {
    const large = { large: "x".repeat(65 * 1024) };
    const many = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`key-${index}`, "x"]));
    for (let round = 0; round < 50; round++) {
      const metadata = round % 2 === 0 ? large : many;
      const init = Metadata.from(metadata);
      const hello = await scene.dial();
      hello.send(framed(helloOf(metadata)).subarray(4));
      await hello.untilEnd();
      const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
      for (const message of [
        callOf("echo", 1, [1], { metadata }),
        { tag: "RequestCancel", connectionId: 0, id: 1, metadata: init },
        { tag: "ConnectionOpen", connectionId: 1, settings, metadata: init },
      ] as const) {
        const peer = await scene.open();
        peer.send(message);
        await peer.expectViolation("session.x.limits");
        peer.link.destroy();
      }
    }
    return "150 of 150 told session.x.limits, 50 Hellos hung up on";
  },
};

/** Sends the same arguments so many times, one after the other. @returns µs for the slowest answer */
async function decodeTimes(
  peer: RawPeer,
  method: string,
  args: Uint8Array | readonly number[],
  times: number,
): Promise<number> {
  let slowestMs = 0;
  for (let index = 0; index < times; index++) {
    const startMs = performance.now();
    const before = peer.seen("RequestResponse");
    peer.send(callOf(method, odd(index), args));
    await eventually("an answer", () => peer.seen("RequestResponse") > before || peer.link.hasEnded);
    if (peer.link.hasEnded) throw new Difference(`the session ended: ${peer.error}`);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
  }
  return slowestMs;
}

export const longCounts: Threat = {
  name: "small payloads with long counts",
  attack: "counts of 2^24, 2^24 + 1 and 2^53 elements without bytes, alone and in lists, 20 bytes each",
  limit: "the codec: 2^24 elements without bytes in a payload, counts checked against the bytes left",
  expected: "refused where they stand; 2^24 units are one value and a list of it",
  // A list of 2^24 places, and the one before that.
  maxGrowthMib: 320,
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    const slowest: string[] = [];
    for (const [method, args, times] of [
      ["units", varint(2 ** 24), 4],
      ["units", varint(2 ** 24 + 1), 100],
      ["units", varint(2 ** 53), 100],
      ["unitLists", [...varint(2), ...varint(2 ** 23), ...varint(2 ** 23 + 1)], 20],
      ["unitLists", varint(2 ** 24), 100],
      ["lists", varint(2 ** 32 - 1), 100],
      ["maps", [1, ...varint(2 ** 30)], 100],
    ] as const) {
      slowest.push(`${method} ${(await decodeTimes(peer, method, args, times)).toFixed(0)}`);
    }
    peer.link.destroy();
    return `slowest answers, ms: ${slowest.join(", ")}`;
  },
};

export const deepNesting: Threat = {
  name: "deep nesting",
  attack: "a value nested 1,000,000 deep, a megabyte; 20 times",
  limit: "the codec: 128 levels",
  expected: "InvalidPayload, no stack overflow",
  async run(scene) {
    const peer = await scene.open();
    const slowestMs = await decodeTimes(peer, "nested", new Uint8Array(MIB).fill(1), 20);
    await peer.settle();
    peer.link.destroy();
    return `slowest answer ${slowestMs.toFixed(0)} ms`;
  },
};

export const manySmallValues: Threat = {
  name: "bytes that become many objects",
  attack: "256 KiB of empty lists, and 256 KiB of empty maps: an object for each byte; 10 times",
  limit: "maxPayloadBytes 256 KiB",
  expected: "memory in proportion to the bytes, some hundreds for each, and given back",
  victim: { limits: { maxPayloadBytes: MIB / 4 } },
  maxGrowthMib: 320,
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    const count = MIB / 4 - 64;
    const args = Buffer.concat([Uint8Array.from(varint(count)), new Uint8Array(count)]);
    const lists = await decodeTimes(peer, "lists", args, 10);
    const maps = await decodeTimes(peer, "maps", args, 10);
    peer.link.destroy();
    return `slowest answers, ms: lists ${lists.toFixed(0)}, maps ${maps.toFixed(0)}`;
  },
};

export const tooManyCalls: Threat = {
  name: "calls beyond what was announced",
  attack: "10 sessions with 100,000 calls each that nobody answers",
  limit: "maxConcurrentRequests 64 running, twice as many waiting",
  expected: "a ProtocolError at the 193rd; the handlers are aborted",
  async run(scene) {
    let most = 0;
    for (let round = 0; round < 10; round++) {
      const peer = await scene.open();
      const flooding = flood(peer, 100_000, (index) => callOf("hold", odd(index), [0]));
      await peer.expectViolation("rpc.flow-control.max-concurrent-requests");
      peer.link.destroy();
      await flooding;
      most = Math.max(most, (await scene.status()).running);
    }
    if (most > 64) throw new Difference(`${most} handlers ran`);
    return "10 of 10 told rpc.flow-control.max-concurrent-requests";
  },
};

export const callFlood: Threat = {
  name: "calls and cancels in a flood",
  attack: "100,000 calls, each cancelled at once",
  limit: "one answer to each, in turn",
  expected: "all answered",
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    const count = 100_000;
    await flood(peer, 2 * count, (index) =>
      index % 2 === 0
        ? callOf("hold", 1 + index, [0])
        : { tag: "RequestCancel", connectionId: 0, id: index, metadata: NONE },
    );
    await eventually("all are answered", () => peer.seen("RequestResponse") === count, 20_000);
    peer.link.destroy();
    return `${count.toLocaleString("en")} of ${count.toLocaleString("en")} answered`;
  },
};

export const unknownEnds: Threat = {
  name: "cancels and resets of nothing",
  attack:
    "200,000 cancels, closes and grants for ids that never were, on a connection that is there and on none",
  limit: "messages for what is over are ignored; unknown channels below maxChannelsPerConnection",
  expected: "ignored where they may be late, else a ProtocolError; nothing is remembered",
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    await flood(peer, 200_000, (index) => ({
      tag: "RequestCancel",
      connectionId: index % 2 === 0 ? 0 : 77,
      id: odd(index),
      metadata: NONE,
    }));
    await peer.settle();
    const flooding = flood(peer, 50_000, (index) => ({
      tag: "ChannelReset",
      connectionId: 0,
      id: odd(index),
      metadata: NONE,
    }));
    await peer.expectViolation("rpc.x.prebind");
    await flooding;
    peer.link.destroy();
    return "200,000 cancels ignored; resets told rpc.x.prebind at the limit of channels";
  },
};

export const openFlood: Threat = {
  name: "virtual connections in a flood",
  attack: "50,000 opens of a service that is there",
  limit: "maxVirtualConnections 256",
  expected: "256 accepted, the others rejected",
  maxNeighbourMs: 1000,
  async run(scene) {
    const peer = await scene.open();
    const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
    const count = 50_000;
    const metadata = Metadata.from({ service: "Introspection" });
    await flood(peer, count, (index) => ({
      tag: "ConnectionOpen",
      connectionId: odd(index),
      settings,
      metadata,
    }));
    await eventually(
      "all are decided on",
      () => peer.seen("ConnectionAccept") + peer.seen("ConnectionReject") === count,
    );
    const accepted = peer.seen("ConnectionAccept");
    if (accepted !== 256) throw new Difference(`${accepted} were accepted`);
    peer.link.destroy();
    return `${accepted} accepted, ${count - accepted} rejected`;
  },
};

export const channelFlood: Threat = {
  name: "channels in a flood",
  attack: "4,000 calls with a channel each, then one call that names 100,000 channels",
  limit: "maxChannelsPerConnection 64",
  expected: "InvalidPayload, the channels forgotten",
  victim: { limits: { maxChannelsPerConnection: 64, maxConcurrentRequests: 128 } },
  async run(scene) {
    const peer = await scene.open();
    await flood(peer, 4000, (index) =>
      index % 2 === 0
        ? callOf("ignore", odd(index), [], { channels: [odd(index)] })
        : { tag: "RequestCancel", connectionId: 0, id: odd(index - 1), metadata: NONE },
    );
    await eventually("all are answered", () => peer.seen("RequestResponse") === 2000 || peer.link.hasEnded);
    const said = peer.error ?? "all answered";
    peer.link.destroy();
    const other = await scene.open();
    const channels = Array.from({ length: 100_000 }, (_, index) => odd(index));
    other.send(callOf("ignore", 1, [], { channels }));
    await other.settle();
    expectEqual("answers", other.seen("RequestResponse"), 1);
    other.link.destroy();
    return `${said}; 100,000 in one call refused`;
  },
};

function item(id: number, bytes: number): Message {
  const args = Buffer.concat([Uint8Array.from(varint(bytes)), new Uint8Array(bytes)]);
  return { tag: "ChannelItem", connectionId: 0, id, item: new Uint8Array(args) };
}

export const beyondCredit: Threat = {
  name: "items beyond credit",
  attack: "10 sessions send 10,000 items of 1 KiB on a channel with credit for 16 that nobody reads",
  limit: "credit",
  expected: "a ProtocolError at the 17th",
  async run(scene) {
    for (let round = 0; round < 10; round++) {
      const peer = await scene.open();
      peer.send(callOf("ignore", 1, [], { channels: [1] }));
      const flooding = flood(peer, 10_000, () => item(1, 1024));
      const said = await peer.untilEnd();
      if (!said.startsWith("rpc.flow-control.credit")) throw new Difference(said || "no reason");
      peer.link.destroy();
      await flooding;
    }
    return "10 of 10 told rpc.flow-control.credit";
  },
};

export const unboundItems: Threat = {
  name: "items for channels that nobody has",
  attack: "64 MiB in items of 16 KiB for 16 channels, of 64 KiB for 1,000 channels, no call",
  limit: "maxUnboundBytes 4 MiB, minUnboundItems 64",
  expected: "held to the bound, then a ProtocolError",
  async run(scene) {
    const said: string[] = [];
    for (const [bytes, channels] of [
      [16 * 1024, 16],
      [64 * 1024, 1000],
    ] as const) {
      const peer = await scene.open();
      const flooding = flood(peer, (64 * MIB) / bytes, (index) => item(odd(index % channels), bytes));
      said.push((await peer.untilEnd()).split(":")[0] ?? "");
      peer.link.destroy();
      await flooding;
    }
    if (said.join() !== "session.x.limits,session.x.limits") throw new Difference(said.join());
    return "told session.x.limits";
  },
};

export const reusedIds: Threat = {
  name: "ids used twice",
  attack: "a request, a channel and a connection id, each again while in use; 30 times each",
  limit: "rpc.request.id-allocation, rpc.channel.allocation, connection.open",
  expected: "a ProtocolError each",
  async run(scene) {
    const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
    const open: Message = { tag: "ConnectionOpen", connectionId: 1, settings, metadata: NONE };
    const told = new Set<string>();
    for (let round = 0; round < 30; round++) {
      for (const messages of [
        [callOf("hold", 1, [0]), callOf("hold", 1, [0])],
        [callOf("ignore", 1, [], { channels: [1] }), callOf("ignore", 3, [], { channels: [1] })],
        [callOf("hold", 2, [0])],
        [open, open],
      ]) {
        const peer = await scene.open();
        peer.send(...messages);
        told.add((await peer.untilEnd()).split(":")[0] ?? "");
        peer.link.destroy();
      }
    }
    return `told ${[...told].sort().join(", ")}`;
  },
};

export const MESSAGE_THREATS: readonly Threat[] = [
  largeMetadata,
  longCounts,
  deepNesting,
  manySmallValues,
  tooManyCalls,
  callFlood,
  unknownEnds,
  openFlood,
  channelFlood,
  beyondCredit,
  unboundItems,
  reusedIds,
];
