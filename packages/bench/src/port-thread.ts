import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";

/** What the serving thread can be asked to serve. */
export interface PortRequest {
  readonly lane: "message-port" | "message-port-raw";
  readonly port: MessagePort;
}

let thread: Worker | undefined;

/** A port to the serving thread of this process, which is started with the first one. */
export function portTo(lane: PortRequest["lane"]): MessagePort {
  // The bundle of port-worker.ts lies beside this one.
  thread ??= new Worker(new URL("./port-worker.mjs", import.meta.url));
  thread.unref();
  const { port1, port2 } = new MessageChannel();
  const request: PortRequest = { lane, port: port2 };
  thread.postMessage(request, [port2]);
  return port1;
}
