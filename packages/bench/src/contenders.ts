import type { Contender } from "./contender.ts";
import { lanes, limits, ours } from "./lanes.ts";
import { shmLanes } from "./shm-lanes.ts";

export type Role = "ours" | "limit" | "peer";

export function roleOf(name: string): Role {
  const isIn = (list: readonly Contender[]) => list.some((contender) => contender.name === name);
  return isIn([...ours, ...shmLanes]) ? "ours" : isIn(limits) ? "limit" : "peer";
}

const BESIDE_PEERS = /^(tcp|tcp-stable|tcp-raw|tcp-raw-credit|ws|ws-raw)$/;

/** What `bench:peers` compares: the others, ours on what they run on too, and the limits of that. */
export async function besidePeers(): Promise<Contender[]> {
  // Only when asked for: the packages of the others take their time to load.
  const { peers } = await import("./peers/peers.ts");
  return [...lanes.filter(({ name }) => BESIDE_PEERS.test(name)), ...peers];
}

/** @throws TypeError if there is no such contender */
export async function contenderNamed(name: string): Promise<Contender> {
  const isNamed = (contender: Contender) => contender.name === name;
  const found = [...lanes, ...shmLanes].find(isNamed) ?? (await besidePeers()).find(isNamed);
  if (found !== undefined) return found;
  throw new TypeError(`no lane or peer ${name}; there are ${lanes.map((lane) => lane.name).join(" ")}`);
}
