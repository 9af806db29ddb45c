import type { Socket } from "node:net";
import { RoamError } from "../errors.ts";

/**
 * The descriptor of a socket of Node's. There is no public way to it; everything else about such sockets is better
 * left to Node.
 *
 * @throws RoamError `shm-unavailable` on a runtime that has none
 */
export function descriptorOf(socket: Socket): number {
  const descriptor = (socket as { _handle?: { fd?: number } | null })._handle?.fd;
  if (descriptor === undefined || descriptor < 0) {
    throw new RoamError("shm-unavailable", "this runtime does not tell the descriptors of its sockets");
  }
  return descriptor;
}
