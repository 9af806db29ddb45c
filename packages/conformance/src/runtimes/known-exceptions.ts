import type { Runtime } from "./runtimes.ts";

/** Tests that do not pass on a runtime, for a reason that lies there. */
export interface KnownException {
  readonly runtime: Runtime["condition"];
  /** What the path of each contains, see `Failure.name`. */
  readonly tests: string;
  readonly reason: string;
}

const NODE_FLAGS = "the test's child is started with flags that are Node's";
const NO_PAUSE = "Bun's WebSockets cannot stop reading: what is on its way comes in, up to the credit given";
const PACKAGE_WS = "takes apart a socket of the package ws, in whose place Bun puts one of its own";
const HALF_OPEN_TLS = "Deno's node:tls ends both directions at once and does not stop reading when paused";

export const KNOWN_EXCEPTIONS: readonly KnownException[] = [
  {
    runtime: "deno",
    tests: "cut > reset: both ends see ECONNRESET",
    reason: "Deno's node:net tells EPIPE of a reset when something was being written",
  },
  {
    runtime: "deno",
    tests: "a simulation in a page > needs nothing of Node",
    reason: "hangs in a context of Deno's node:vm; it is not known why, and passes outside of one",
  },
  {
    runtime: "deno",
    tests: "stdio.test.ts",
    reason: NODE_FLAGS,
  },
  { runtime: "deno", tests: "shared memory, without what Node has", reason: NODE_FLAGS },
  {
    runtime: "deno",
    tests: "a link over shared memory ends > nothing keeps the process alive",
    reason: NODE_FLAGS,
  },
  {
    runtime: "deno",
    tests: "message-port.test.ts > a session with a worker",
    reason: "the test's worker is loaded through tsx, which is Node's",
  },
  { runtime: "deno", tests: "tls.test.ts > TLS link", reason: HALF_OPEN_TLS },
  {
    runtime: "bun",
    tests: "float.test.ts > floats are copied bit for bit",
    reason: "JavaScriptCore has one NaN",
  },
  { runtime: "bun", tests: "items that nobody takes stop the sender within bounds", reason: NO_PAUSE },
  {
    runtime: "bun",
    tests: "when both sides close at once, both get everything",
    reason: "a WebSocket of Bun's that was closed drops what comes until the other side closes too",
  },
  { runtime: "bun", tests: "websocket-bytes.test.ts > a bare WebSocket against a link", reason: PACKAGE_WS },
  {
    runtime: "bun",
    tests: "a request that `accept` declines is refused",
    reason: "`accept` is given a Request there",
  },
  {
    runtime: "bun",
    tests: "wss: with a client certificate, which is among the facts",
    reason: "Bun.serve does not tell a client's certificate",
  },
  {
    runtime: "bun",
    tests: "a server of the caller's keeps its other paths and stays open",
    reason: "Bun's node:http has no upgrades: `bunWebSocket` is for a server of the caller's",
  },
  {
    runtime: "bun",
    tests: "noLeaks > finds a server left open",
    reason: "Bun's process.getActiveResourcesInfo does not list servers",
  },
  {
    runtime: "bun",
    tests: "fault-proxy.test.ts",
    reason: "Bun's sockets take more before they say that they are full",
  },
];
