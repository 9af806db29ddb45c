import type { Peer } from "../peer.ts";

/** Another RPC system, as a module of this folder exports it. */
export interface System {
  /**
   * Serves on a free port of the loopback.
   *
   * @param directory for files
   * @throws NotFoundError if a program that it needs is not installed
   */
  serve(directory: string): Promise<Serving>;
  /** One connection of its own to what `serve` returned. */
  open(address: string): Promise<Peer>;
}

export interface Serving {
  /** Where to dial. */
  readonly address: string;
  /** Resolves when nothing of it is left. The connections are to be closed before. */
  close(): Promise<void>;
}

/** A program that a system needs is not installed. */
export class NotFoundError extends Error {
  override readonly name: string = "NotFoundError";
}
