import { suite, test } from "node:test";
import { BareConduit, type Conduit } from "roam/conduit";
import { memoryLinkPair } from "roam/link";
import { dialTcp, listenTcp } from "roam/tcp";
import {
  conduitCasesFor,
  type Item,
  itemFamily,
  type MakeConduitPair,
  type MakeLinkPair,
  noLeaks,
} from "roam/testing";
import { dialWs, listenWebSocket } from "roam/websocket-server";
import { listening, portOf } from "../transports/listening.ts";

const HOST = "127.0.0.1";

function bare(makePair: MakeLinkPair): MakeConduitPair {
  return async (): Promise<readonly [Conduit<Item>, Conduit<Item>]> => {
    const [here, there] = await makePair();
    return [new BareConduit(here, itemFamily), new BareConduit(there, itemFamily)];
  };
}

// r[verify conduit.bare]
// r[verify zerocopy.framing.combinations]
suite("bare conduit over memory", () => {
  const makePair = bare(memoryLinkPair);
  for (const { name, run } of conduitCasesFor({ isHalfOpen: true }))
    test(name, () => noLeaks(() => run(makePair)));
});

// r[verify zerocopy.framing.combinations]
suite("bare conduit over TCP", () => {
  const makePair = bare(
    listening(
      (onLink) => listenTcp({ host: HOST, port: 0 }, onLink),
      (address) => dialTcp({ host: HOST, port: portOf(address) }),
    ),
  );
  for (const { name, run } of conduitCasesFor({ isHalfOpen: true }))
    test(name, () => noLeaks(() => run(makePair)));
});

// r[verify zerocopy.framing.combinations]
suite("bare conduit over a WebSocket", () => {
  const makePair = bare(
    listening(
      (onLink) => listenWebSocket({ host: HOST, port: 0 }, onLink),
      (address) => dialWs(address),
    ),
  );
  for (const { name, run } of conduitCasesFor({ isHalfOpen: false }))
    test(name, () => noLeaks(() => run(makePair)));
});
