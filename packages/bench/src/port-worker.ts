// The serving thread of the lanes between threads.
import { parentPort } from "node:worker_threads";
import { accept, implement } from "roam";
import type { Link } from "roam/link";
import { messagePortLink } from "roam/message-port";
import { sharedBufferLink } from "roam/shared-buffer";
import { bounceLink, bouncePort } from "./bouncing.ts";
import type { PortRequest } from "./port-thread.ts";
import { PortSocket } from "./raw/port-socket.ts";
import { serveRaw } from "./raw/serve-raw.ts";
import { Bench, benchHandlers, isCreditAdaptive, sessionOptions } from "./roam-service.ts";

const handler = implement(Bench, benchHandlers);
const serve = (link: Link) => void accept(link, handler, sessionOptions(isCreditAdaptive));

parentPort?.on("message", (request: PortRequest) => {
  switch (request.lane) {
    case "message-port-raw":
      return serveRaw(new PortSocket(request.port), Number.POSITIVE_INFINITY);
    case "message-port":
      return serve(messagePortLink(request.port));
    case "message-port-bare":
      return bouncePort(request.port);
    case "message-port-link":
      return bounceLink(messagePortLink(request.port));
    case "shared-buffer":
      return serve(sharedBufferLink(request.end));
    case "shared-buffer-link":
      return bounceLink(sharedBufferLink(request.end));
  }
});
