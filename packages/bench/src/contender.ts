import type { Peer } from "./peer.ts";

/** An RPC system, or a bare transport, as the benchmarks use it: a serving process and a client of it. */
export interface Contender {
  /** Also what `--filter` sees: `tcp`, `tcp-raw`, `grpc-js`. */
  readonly name: string;
  /** The one that its ratios are taken of; undefined for a limit itself. */
  readonly raw: string | undefined;
  /** The cases in which it differs from a neighbour, by their names; all of them unless given. */
  readonly cases?: RegExp;
  /**
   * Serves; called in the serving process.
   *
   * @param directory for Unix sockets and other files
   * @returns where to dial
   */
  serve(directory: string): Promise<string>;
  /** One connection to what `serve` returned; called in the measuring process. */
  open(address: string): Promise<Peer>;
}
