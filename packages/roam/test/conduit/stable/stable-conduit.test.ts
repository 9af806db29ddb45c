import { suite, test } from "node:test";
import { acceptConduits, type Conduit, connectStable } from "roam/conduit";
import { type Link, type Listener, memoryLinkPair } from "roam/link";
import { dialTcp, listenTcp } from "roam/tcp";
import { conduitCasesFor, type Item, itemFamily, type MakeConduitPair, noLeaks } from "roam/testing";
import { dialWs, listenWebSocket } from "roam/websocket-server";
import { portOf } from "../../transports/listening.ts";

const HOST = "127.0.0.1";
/** Both traits of the cases: a stable direction ends by a frame, whatever the link can do. */
const TRAITS = { isHalfOpen: true };

type Listen = (onLink: (link: Link) => void) => Promise<Listener>;

/** Two ends joined over a transport, the listener gone as soon as they are. */
function stable(listen: Listen, dial: (address: string) => Promise<Link>): MakeConduitPair {
  return async (): Promise<readonly [Conduit<Item>, Conduit<Item>]> => {
    const acceptor = await acceptConduits(listen, itemFamily);
    const next = () => dial(acceptor.address);
    const [here, there] = await Promise.all([
      connectStable({ next }, { family: itemFamily, reconnect: { totalMs: 0 } }),
      acceptor.accept(),
    ]);
    await acceptor.close();
    return [here, there];
  };
}

// r[verify conduit.stable]
// r[verify zerocopy.framing.combinations]
suite("stable conduit over memory", () => {
  let onLink: (link: Link) => void = () => {};
  const makePair = stable(
    async (up) => {
      onLink = up;
      return { address: "memory:", close: async () => {} };
    },
    async () => {
      const [near, far] = memoryLinkPair();
      onLink(far);
      return near;
    },
  );
  for (const { name, run } of conduitCasesFor(TRAITS)) test(name, () => noLeaks(() => run(makePair)));
});

// r[verify zerocopy.framing.combinations]
suite("stable conduit over TCP", () => {
  const makePair = stable(
    (onLink) => listenTcp({ host: HOST, port: 0 }, onLink),
    (address) => dialTcp({ host: HOST, port: portOf(address) }),
  );
  for (const { name, run } of conduitCasesFor(TRAITS)) test(name, () => noLeaks(() => run(makePair)));
});

// r[verify zerocopy.framing.combinations]
suite("stable conduit over a WebSocket", () => {
  const makePair = stable(
    (onLink) => listenWebSocket({ host: HOST, port: 0 }, onLink),
    (address) => dialWs(address),
  );
  for (const { name, run } of conduitCasesFor({ isHalfOpen: false }))
    test(name, () => noLeaks(() => run(makePair)));
});
