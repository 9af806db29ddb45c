import { SeededRandom } from "roam/testing";
import type { AskedProcess } from "../../../bench/src/asked-process.ts";
import { RawSocket } from "../attack/raw-link.ts";
import { RawPeer } from "./raw-peer.ts";
import type { VictimSetting, VictimStatus } from "./victim-process.ts";

/** A row of the threat model: somebody does something, something stops it. */
export interface Threat {
  readonly name: string;
  readonly attack: string;
  /** What stops it. */
  readonly limit: string;
  readonly expected: string;
  readonly victim?: VictimSetting;
  /** What the victim's memory may grow by at most (MiB; default 64). */
  readonly maxGrowthMib?: number;
  /** What p99 of the neighbour's calls may be meanwhile (ms; default 500). */
  readonly maxNeighbourMs?: number;
  /** Sessions that the victim keeps afterwards besides the neighbour's, as its limits say (default 0). */
  readonly maxKept?: number;
  /** @returns what was seen; throws if that is not what was expected */
  run(scene: ThreatScene): Promise<string>;
}

/** What an attack is given. */
export class ThreatScene {
  readonly address: string;
  readonly random: SeededRandom;
  readonly #victim: AskedProcess;

  constructor(victim: AskedProcess, address: string, seed: number) {
    this.#victim = victim;
    this.address = address;
    this.random = new SeededRandom(seed);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  /** The victim's process. */
  get pid(): number {
    return this.#victim.pid;
  }

  status(): Promise<VictimStatus> {
    return this.#victim.ask({ kind: "status" });
  }

  dial(from?: string): Promise<RawSocket> {
    return RawSocket.dial(this.port, from);
  }

  open(): Promise<RawPeer> {
    return RawPeer.open(this.port);
  }
}
