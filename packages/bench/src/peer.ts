/** One connection to the serving side, as the cases use it. */
export interface Peer {
  /**
   * One small call. The case checks the answer, so that nothing need stand between it and the system.
   *
   * @param value a u32, which those may choose themselves who check the answer themselves
   * @returns its successor, or undefined where it has been checked
   */
  call(value: number): Promise<unknown>;
  /** Bytes there and back. @returns how many came back */
  echo(payload: Uint8Array): Promise<number>;
  /**
   * Small items from the server, for as long as asked, one at a time to the program. Left out by
   * systems without such streams, as `send`.
   *
   * @param credit initial credit, for peers that have it
   * @returns how many came
   */
  receive?(durationMs: number, credit: Credit): Promise<number>;
  /** Small items to the server. @returns how many it counted */
  send?(durationMs: number, credit: Credit): Promise<number>;
  /**
   * Payloads there and back, by callbacks: what a bare link or port does, without calls.
   *
   * @returns how many came back
   */
  bounce?(payload: Uint8Array, inFlight: number, durationMs: number): Promise<number>;
  close(): Promise<void>;
}

/** The initial credits that are compared: the default, and two that fast networks want. */
export type Credit = 16 | 256 | 4096;
