import { sideBySide } from "../attack/scene.ts";
import { encoded } from "../replay/scene.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { callOf, eventually, helloOf, varint } from "./raw-peer.ts";
import { frame, OPCODE, RawWebSocket } from "./raw-websocket.ts";
import type { Threat, ThreatScene } from "./threat.ts";

const MIB = 2 ** 20;
const HANDSHAKE_MS = 1000;
const LATE_MS = 3000;
const url = "ws://127.0.0.1:0";
const STALL = { stallNoticeMs: 300, maxStallMs: 1200 } as const;

/** A WebSocket that is open; with a session on it if told to. */
async function open(
  scene: ThreatScene,
  options: { readonly isSession?: boolean } = {},
): Promise<RawWebSocket> {
  const socket = new RawWebSocket(scene.port);
  expectEqual("the upgrade", await socket.upgrade(), 101);
  if (options.isSession) await socket.written(frame(OPCODE.binary, encoded(helloOf())));
  return socket;
}

/** The server is rid of the attackers' sessions. */
function untilAlone(scene: ThreatScene): Promise<void> {
  return eventually("the sessions are gone", async () => (await scene.status()).sessions === 1);
}

export const wrongOrigin: Threat = {
  name: "WebSocket: pages of other sites",
  attack: "300 upgrades with another origin, or none that makes sense",
  limit: "origins",
  expected: "403",
  victim: { url, transport: { origins: ["https://app.example"] } },
  async run(scene) {
    const origins = [
      "https://evil.example",
      "null",
      "https://app.example.evil.example",
      "http://app.example",
      "%%",
    ];
    await sideBySide(300, 16, async (index) => {
      const socket = new RawWebSocket(scene.port);
      const origin = origins[index % origins.length] as string;
      const status = await socket.upgrade({ Origin: origin });
      if (status !== 403) throw new Difference(`${origin} was answered ${status}`);
      await socket.untilEnd();
      socket.destroy();
    });
    const page = new RawWebSocket(scene.port);
    expectEqual("the page that may", await page.upgrade({ Origin: "https://app.example" }), 101);
    page.destroy();
    return "300 of 300 answered 403";
  },
};

export const silentUpgrades: Threat = {
  name: "WebSocket: silent",
  attack:
    "100 upgrade and say nothing, 100 connect and do not even upgrade, 100 send headers a byte in 200 ms",
  limit: `handshakeTimeoutMs ${HANDSHAKE_MS}`,
  expected: "all hung up on when their time is over",
  victim: { url, limits: { handshakeTimeoutMs: HANDSHAKE_MS } },
  async run(scene) {
    const upgraded: RawWebSocket[] = [];
    for (let index = 0; index < 100; index++) upgraded.push(await open(scene));
    const silent = Array.from({ length: 100 }, () => new RawWebSocket(scene.port));
    const slow = Array.from({ length: 100 }, () => new RawWebSocket(scene.port));
    const head = "GET / HTTP/1.1\r\nHost: a\r\nX-Header: ";
    let at = 0;
    const drip = setInterval(() => {
      for (const socket of slow) void socket.written(head[at++ % head.length] ?? "x");
    }, 200);
    try {
      for (const [what, sockets] of Object.entries({ upgraded, silent, slow })) {
        const left = () => sockets.filter(({ hasEnded }) => !hasEnded).length;
        await eventually(`the ${what} ones are gone`, () => left() === 0, HANDSHAKE_MS + LATE_MS);
      }
    } finally {
      clearInterval(drip);
      for (const socket of [...upgraded, ...silent, ...slow]) socket.destroy();
    }
    return "300 of 300 hung up on";
  },
};

export const giantMessages: Threat = {
  name: "WebSocket: giant messages",
  attack: "in sessions: 50 announce 4 GiB, 50 send fragments without end",
  limit: "maxPayloadBytes 1 MiB, given to the package",
  expected: "hung up on at the length, or at the fragment that is too much",
  victim: { url, limits: { maxPayloadBytes: MIB } },
  maxGrowthMib: 96,
  async run(scene) {
    for (let index = 0; index < 50; index++) {
      const socket = await open(scene, { isSession: true });
      await socket.written(frame(OPCODE.binary, new Uint8Array(16), { claimed: 2 ** 32 }));
      await socket.untilEnd();
      socket.destroy();
    }
    const piece = new Uint8Array(64 * 1024);
    let taken = 0;
    for (let index = 0; index < 50; index++) {
      const socket = await open(scene, { isSession: true });
      await socket.written(frame(OPCODE.binary, piece, { isFinal: false }));
      for (taken = 1; taken < 1000 && !socket.hasEnded; taken++)
        await socket.written(frame(OPCODE.continuation, piece, { isFinal: false }));
      await socket.untilEnd();
      socket.destroy();
    }
    await untilAlone(scene);
    return "100 of 100 hung up on";
  },
};

export const firstMessages: Threat = {
  name: "WebSocket: giant first messages",
  attack: "40 strangers send all but the end of a message of 15 MiB, before any handshake",
  limit: "maxHandshakeBytes 64 KiB",
  expected: "hung up on at the length, not held until it is whole",
  victim: { url },
  maxGrowthMib: 96,
  async run(scene) {
    const sockets: RawWebSocket[] = [];
    const payload = new Uint8Array(15 * MIB - 1024);
    for (let index = 0; index < 40; index++) {
      const socket = await open(scene);
      sockets.push(socket);
      await socket.written(frame(OPCODE.binary, payload, { claimed: 15 * MIB }));
    }
    try {
      for (const socket of sockets) await socket.untilEnd(LATE_MS);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    return "40 of 40 hung up on";
  },
};

export const tinyFragments: Threat = {
  name: "WebSocket: tiny fragments",
  attack: "10 sessions send a message of a million fragments of a byte, and of none",
  limit: "the package's bound of fragments (16,384)",
  expected: "hung up on at the bound",
  victim: { url },
  async run(scene) {
    for (let index = 0; index < 10; index++) {
      const socket = await open(scene, { isSession: true });
      const piece = frame(OPCODE.continuation, new Uint8Array(index % 2), { isFinal: false });
      const pieces = Buffer.concat(Array.from({ length: 20_000 }, () => piece));
      await socket.written(frame(OPCODE.binary, new Uint8Array(1), { isFinal: false }));
      for (let round = 0; round < 50 && !socket.hasEnded; round++) await socket.written(pieces);
      await socket.untilEnd();
      socket.destroy();
    }
    await untilAlone(scene);
    return "10 of 10 hung up on";
  },
};

export const textFrames: Threat = {
  name: "WebSocket: text, and frames that are none",
  attack:
    "100 sessions send text, reserved bits, an unknown opcode, a frame without a mask, or a compressed one",
  limit: "binary messages only, nothing compressed",
  expected: "hung up on; compression is not taken up",
  victim: { url },
  async run(scene) {
    const text = frame(OPCODE.text, Buffer.from("hello"));
    const kinds = [
      text,
      Buffer.concat([Uint8Array.of(0xf2), text.subarray(1)]),
      Buffer.concat([Uint8Array.of(0x8b), text.subarray(1)]),
      Uint8Array.of(0x82, 5, 1, 2, 3, 4, 5),
      Buffer.concat([Uint8Array.of(0xc2), text.subarray(1)]),
    ];
    for (let index = 0; index < 100; index++) {
      const socket = await open(scene, { isSession: true });
      await socket.written(kinds[index % kinds.length] as Uint8Array);
      await socket.untilEnd();
      socket.destroy();
    }
    const offering = new RawWebSocket(scene.port);
    await offering.upgrade({ "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" });
    if (/deflate/i.test(offering.head)) throw new Difference("compression was taken up");
    offering.destroy();
    await untilAlone(scene);
    return "100 of 100 hung up on; permessage-deflate not taken up";
  },
};

export const frameFlood: Threat = {
  name: "WebSocket: Ping frames whose answers nobody reads",
  attack: "a session sends frames of 125 bytes, as many as are taken, up to 150 MiB",
  limit: "unanswered frames are few, then reading stops, or the socket is closed",
  expected: "memory stays bounded",
  victim: { url, limits: STALL },
  maxGrowthMib: 64,
  async run(scene) {
    const socket = await open(scene, { isSession: true });
    socket.pause();
    const pings = Buffer.concat(Array.from({ length: 8000 }, () => frame(OPCODE.ping, new Uint8Array(125))));
    let takenBytes = 0;
    const startMs = performance.now();
    while (takenBytes < 150 * MIB && !socket.hasEnded && performance.now() - startMs < 5000) {
      await Promise.race([socket.written(pings), new Promise((resolve) => setTimeout(resolve, 1000))]);
      takenBytes += pings.length;
    }
    await untilAlone(scene);
    socket.destroy();
    return `cut; ended by ${JSON.stringify((await scene.status()).ends)}`;
  },
};

export const slowReader: Threat = {
  name: "WebSocket: reads nothing",
  attack: "8 sessions ask for answers of 1 MiB and a stream without end, and do not read",
  limit: `stallNoticeMs ${STALL.stallNoticeMs}, maxStallMs ${STALL.maxStallMs}`,
  expected: "the owner is told, the sessions end",
  victim: { url, limits: { ...STALL, maxConcurrentRequests: 8 } },
  maxGrowthMib: 192,
  async run(scene) {
    const sockets: RawWebSocket[] = [];
    for (let index = 0; index < 8; index++) {
      const socket = await open(scene, { isSession: true });
      socket.pause();
      await socket.written(frame(OPCODE.binary, encoded(callOf("pour", 1, [], { channels: [1] }))));
      for (let call = 0; call < 15; call++)
        await socket.written(frame(OPCODE.binary, encoded(callOf("blob", 3 + 2 * call, varint(MIB)))));
      sockets.push(socket);
    }
    await eventually("the owner is told", async () => (await scene.status()).stalls >= 8);
    await untilAlone(scene);
    for (const socket of sockets) socket.destroy();
    return `told of 8, ended by ${JSON.stringify((await scene.status()).ends)}`;
  },
};

export const WEBSOCKET_THREATS: readonly Threat[] = [
  wrongOrigin,
  silentUpgrades,
  giantMessages,
  firstMessages,
  tinyFragments,
  textFrames,
  frameFlood,
  slowReader,
];
