// The serving thread of the lanes on message ports.
import { parentPort } from "node:worker_threads";
import { accept, implement } from "roam";
import { messagePortLink } from "roam/message-port";
import type { PortRequest } from "./port-thread.ts";
import { PortSocket } from "./raw/port-socket.ts";
import { serveRaw } from "./raw/serve-raw.ts";
import { Bench, benchHandlers, isCreditAdaptive, sessionOptions } from "./roam-service.ts";

const handler = implement(Bench, benchHandlers);

parentPort?.on("message", ({ lane, port }: PortRequest) => {
  if (lane === "message-port-raw") serveRaw(new PortSocket(port), Number.POSITIVE_INFINITY);
  else void accept(messagePortLink(port), handler, sessionOptions(isCreditAdaptive));
});
