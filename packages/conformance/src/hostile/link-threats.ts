import type { RawSocket } from "../attack/raw-link.ts";
import { sideBySide } from "../attack/scene.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { callOf, eventually, framed, helloOf, prefixed, type RawPeer, varint } from "./raw-peer.ts";
import type { Threat, ThreatScene } from "./threat.ts";

const MIB = 2 ** 20;
const HANDSHAKE_MS = 1000;
/** How much later than its time something may be seen on a busy machine (ms). */
const LATE_MS = 3000;
const PLACES = 32;

/** Dials so many links, and does something by each. */
async function dialMany(
  scene: ThreatScene,
  count: number,
  act: (link: RawSocket) => void = () => {},
  from?: string,
): Promise<RawSocket[]> {
  const links: RawSocket[] = [];
  await sideBySide(count, 32, async () => {
    const link = await scene.dial(from);
    links.push(link);
    act(link);
  });
  return links;
}

function openOf(links: readonly RawSocket[]): number {
  return links.filter(({ hasEnded }) => !hasEnded).length;
}

/** All of them are hung up on. @returns after how long (ms) */
async function untilAllEnd(links: readonly RawSocket[], limitMs: number): Promise<string> {
  const startMs = performance.now();
  await Promise.all(links.map((link) => link.untilEnd("the end of a link", limitMs)));
  return (performance.now() - startMs).toFixed(0);
}

export const silentLinks: Threat = {
  name: "silent links",
  attack: "300 connect and say nothing",
  limit: `maxHandshakes ${PLACES}, handshakeTimeoutMs ${HANDSHAKE_MS}`,
  expected: "those above are hung up on at once, the others when their time is over",
  victim: { limits: { maxHandshakes: PLACES, handshakeTimeoutMs: HANDSHAKE_MS } },
  async run(scene) {
    const links = await dialMany(scene, 300);
    await eventually("the surplus is gone", () => openOf(links) <= PLACES, HANDSHAKE_MS);
    const held = openOf(links);
    const afterMs = await untilAllEnd(links, HANDSHAKE_MS + LATE_MS);
    return `${held} held, none after another ${afterMs} ms`;
  },
};

export const linksOfOneAddress: Threat = {
  name: "links of one address",
  attack: "200 sessions from 127.0.0.2",
  limit: `maxLinksPerAddress ${PLACES}`,
  expected: "those above are hung up on, other addresses come in",
  victim: { limits: { maxLinksPerAddress: PLACES } },
  async run(scene) {
    const hello = framed(helloOf());
    const links = await dialMany(scene, 200, (link) => link.writeBytes(hello), "127.0.0.2");
    await eventually("the surplus is gone", () => openOf(links) === PLACES);
    expectEqual("links refused", (await scene.status()).usage?.refusedLinks, 200 - PLACES);
    const other = await scene.open();
    await other.settle();
    for (const link of [...links, other.link]) link.destroy();
    return `${PLACES} stayed`;
  },
};

export const linksInAll: Threat = {
  name: "links in all",
  attack: "200 sessions from many addresses",
  limit: `maxLinks ${PLACES}`,
  expected: "those above are hung up on; room again when some leave",
  victim: { limits: { maxLinks: PLACES } },
  async run(scene) {
    const hello = framed(helloOf());
    const links: RawSocket[] = [];
    for (let host = 2; host < 22; host++)
      links.push(...(await dialMany(scene, 10, (link) => link.writeBytes(hello), `127.0.0.${host}`)));
    // The neighbour has one.
    await eventually("the surplus is gone", () => openOf(links) === PLACES - 1);
    for (const link of links) link.destroy();
    await eventually("room", async () => (await scene.status()).sessions === 1);
    const other = await scene.open();
    await other.settle();
    other.link.destroy();
    return `${PLACES - 1} stayed beside the neighbour; room again afterwards`;
  },
};

export const slowHandshakes: Threat = {
  name: "slow loris, handshake",
  attack: "100 send their first payload a byte in 200 ms",
  limit: `handshakeTimeoutMs ${HANDSHAKE_MS}`,
  expected: "hung up on when their time is over, whatever they have sent",
  victim: { limits: { handshakeTimeoutMs: HANDSHAKE_MS } },
  async run(scene) {
    const hello = framed(helloOf({ padding: "x".repeat(50) }));
    const links = await dialMany(scene, 100);
    let at = 0;
    const drip = setInterval(() => {
      for (const link of links) link.writeBytes(hello.subarray(at, at + 1));
      at++;
    }, 200);
    try {
      return `all gone after ${await untilAllEnd(links, HANDSHAKE_MS + LATE_MS)} ms, ${at} bytes in`;
    } finally {
      clearInterval(drip);
    }
  },
};

export const slowPayloads: Threat = {
  name: "slow loris, payload",
  attack: "100 sessions announce 15 MiB each, then a byte in 100 ms",
  limit: "memory as bytes come (link.x.lazy-alloc); keepalive 500 + 500 ms",
  expected: "nothing is allocated ahead; Pings find them dead",
  victim: { keepalive: { intervalMs: 500, timeoutMs: 500 } },
  maxGrowthMib: 48,
  async run(scene) {
    const peers: RawPeer[] = [];
    await sideBySide(100, 20, async () => {
      peers.push(await scene.open());
    });
    const links = peers.map(({ link }) => link);
    for (const link of links) link.writeBytes(prefixed(new Uint8Array(), 15 * MIB));
    const drip = setInterval(() => {
      for (const link of links) link.writeBytes(Uint8Array.of(0));
    }, 100);
    try {
      return `all dropped after ${await untilAllEnd(links, 1000 + LATE_MS)} ms`;
    } finally {
      clearInterval(drip);
    }
  },
};

export const hugePrefix: Threat = {
  name: "huge length prefix",
  attack: "200 announce 4 GiB: 100 first, 100 in a session",
  limit: "maxHandshakeBytes, maxPayloadBytes",
  expected: "hung up on at the length, before anything is allocated",
  maxGrowthMib: 48,
  async run(scene) {
    const claim = prefixed(new Uint8Array(64), 0xffff_ffff);
    const links = await dialMany(scene, 100, (link) => link.writeBytes(claim));
    const afterMs = await untilAllEnd(links, LATE_MS);
    for (let index = 0; index < 100; index++) {
      const peer = await scene.open();
      peer.link.writeBytes(claim);
      await peer.untilEnd();
      peer.link.destroy();
    }
    return `100 gone after ${afterMs} ms, 100 sessions ended`;
  },
};

export const hugeFirstPayload: Threat = {
  name: "huge first payload",
  attack: "50 send 8 MiB before anything else",
  limit: "maxHandshakeBytes 64 KiB",
  expected: "hung up on at the length",
  maxGrowthMib: 48,
  async run(scene) {
    const payload = prefixed(new Uint8Array(8 * MIB));
    const links = await dialMany(scene, 50, (link) => link.writeBytes(payload));
    return `all gone after ${await untilAllEnd(links, LATE_MS)} ms`;
  },
};

export const noise: Threat = {
  name: "noise",
  attack:
    "500 links send random bytes, 500 leave at once, by reset or in order; 50 sessions go on with noise",
  limit: "the codec",
  expected: "hung up on, or told session.handshake; sessions end with a ProtocolError",
  async run(scene) {
    const links = await dialMany(scene, 500, (link) => link.send(scene.random.bytes(60)));
    const afterMs = await untilAllEnd(links, LATE_MS);
    await dialMany(scene, 250, (link) => link.destroy());
    await dialMany(scene, 250, (link) => link.end());
    for (let index = 0; index < 50; index++) {
      const peer = await scene.open();
      // No message has such a tag.
      peer.link.send(Uint8Array.of(0, 99, ...scene.random.bytes(40)));
      await peer.expectViolation("session.message.payloads");
      peer.link.destroy();
    }
    return `500 gone after ${afterMs} ms; 50 of 50 told session.message.payloads`;
  },
};

export const emptyPayloads: Threat = {
  name: "payloads of no bytes",
  attack: "100,000 in a session, 400 KB",
  limit: "the codec",
  expected: "the first ends the session",
  async run(scene) {
    const peer = await scene.open();
    peer.link.writeBytes(new Uint8Array(4 * 100_000));
    await peer.expectViolation("session.message.payloads");
    peer.link.destroy();
    return "told session.message.payloads";
  },
};

export const largePayloads: Threat = {
  name: "large calls that wait",
  attack: "2 sessions send 1 MiB with each of 64 calls, which none of the handlers gives back",
  limit: "maxConcurrentRequests 4, maxPayloadBytes 1 MiB",
  expected: "memory of what may run and wait, (1 + 2) times the calls; then a ProtocolError",
  victim: { limits: { maxConcurrentRequests: 4, maxPayloadBytes: MIB } },
  maxGrowthMib: 96,
  async run(scene) {
    const said = new Set<string>();
    for (let peers = 0; peers < 2; peers++) {
      const peer = await scene.open();
      const data = new Uint8Array(MIB - 1024);
      for (let index = 0; index < 64; index++)
        peer.send(callOf("hold", 1 + 2 * index, Buffer.concat([Uint8Array.from(varint(data.length)), data])));
      said.add((await peer.untilEnd()).split(":")[0] ?? "");
      peer.link.destroy();
    }
    if ([...said].join() !== "rpc.flow-control.max-concurrent-requests")
      throw new Difference(`ended by ${[...said]}`);
    return `told ${[...said]}`;
  },
};

export const LINK_THREATS: readonly Threat[] = [
  silentLinks,
  linksOfOneAddress,
  linksInAll,
  slowHandshakes,
  slowPayloads,
  hugePrefix,
  hugeFirstPayload,
  noise,
  emptyPayloads,
  largePayloads,
];
