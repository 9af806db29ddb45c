import { suite, test } from "node:test";
import { dialTcp, listenTcp } from "roam/tcp";
import { linkCasesFor, noLeaks } from "roam/testing";
import { listening, portOf } from "./listening.ts";

const HOST = "127.0.0.1";

// r[verify transport.stream]
// r[verify transport.stream.kinds]
suite("TCP link", () => {
  const makePair = listening(
    (onLink) => listenTcp({ host: HOST, port: 0 }, onLink),
    (address) => dialTcp({ host: HOST, port: portOf(address) }),
  );
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
    test(name, () => noLeaks(() => run(makePair)));
  }
});
