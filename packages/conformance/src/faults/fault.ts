import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeededRandom } from "roam/testing";
import { Side } from "./side.ts";

/** A row: something happens to a process, and this is what may come of it. */
export interface Fault {
  readonly name: string;
  /** Transport, conduit, side. */
  readonly where: string;
  readonly expected: string;
  /** @returns what was seen; throws if that is not what was expected */
  run(scene: FaultScene): Promise<Seen>;
}

export interface Seen {
  readonly outcome: string;
  /** From the fault to the last error of those who waited (ms); undefined where nobody is given one. */
  readonly errorAfterMs?: number | undefined;
}

/** What a fault is given. */
export class FaultScene implements AsyncDisposable {
  readonly random: SeededRandom;
  /** How often to do what is done more than once. */
  readonly times: number;
  /** Empty, and its path is short: a Unix socket's may have no more than 107 bytes. */
  readonly directory = mkdtempSync(join(tmpdir(), "faults-"));
  readonly sides: Side[] = [];
  readonly #program: string;

  constructor(program: string, options: { readonly random: SeededRandom; readonly times: number }) {
    this.#program = program;
    this.random = options.random;
    this.times = options.times;
  }

  /** A process of its own. */
  start(name: string, options: { readonly maxFiles?: number } = {}): Side {
    const side = new Side(this.#program, name, options);
    this.sides.push(side);
    return side;
  }

  /** Where to serve. */
  urlOf(transport: Transport): string {
    return transport === "unix" ? `unix:${join(this.directory, "socket")}` : `${transport}://127.0.0.1:0`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of this.sides) await side[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export type Transport = "tcp" | "unix" | "ws";
export type ConduitKind = "bare" | "stable";

export const TRANSPORTS: readonly Transport[] = ["tcp", "unix", "ws"];
export const CONDUITS: readonly ConduitKind[] = ["bare", "stable"];
