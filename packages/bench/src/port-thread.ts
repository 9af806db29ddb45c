import { MessageChannel, type MessagePort, type TransferListItem, Worker } from "node:worker_threads";
import { type SharedBufferEnd, sharedBufferEnds } from "roam/shared-buffer";

/** What the serving thread can be asked to serve: calls, or the bare links, on which it bounces. */
export type PortRequest =
  | {
      readonly lane: "message-port" | "message-port-raw" | "message-port-link" | "message-port-bare";
      readonly port: MessagePort;
    }
  | { readonly lane: "shared-buffer" | "shared-buffer-link"; readonly end: SharedBufferEnd<MessagePort> };

type PortLane = Extract<PortRequest, { port: unknown }>["lane"];
type EndLane = Extract<PortRequest, { end: unknown }>["lane"];

let thread: Worker | undefined;

/** Asks the serving thread of this process, which is started with the first request. */
function ask(request: PortRequest, moved: TransferListItem): void {
  // The bundle of port-worker.ts lies beside this one.
  thread ??= new Worker(new URL("./port-worker.mjs", import.meta.url));
  thread.unref();
  thread.postMessage(request, [moved]);
}

/** A port to the serving thread. */
export function portTo(lane: PortLane): MessagePort {
  const { port1, port2 } = new MessageChannel();
  ask({ lane, port: port2 }, port2);
  return port1;
}

/** An end of memory shared with the serving thread. */
export function endTo(lane: EndLane): SharedBufferEnd<MessagePort> {
  const [here, there] = sharedBufferEnds({ channel: new MessageChannel() });
  ask({ lane, end: there }, there.port);
  return here;
}
