/** One connection to the serving side, as the cases use it. */
export interface Peer {
  /** One small call: a number goes, its successor comes back. */
  call(): Promise<unknown>;
  /** Bytes there and back. @returns how many came back */
  echo(payload: Uint8Array): Promise<number>;
  /**
   * Small items from the server, for as long as asked.
   *
   * @param credit initial credit, for peers that have it
   * @returns how many came
   */
  receive(durationMs: number, credit: Credit): Promise<number>;
  /** Small items to the server. @returns how many it counted */
  send(durationMs: number, credit: Credit): Promise<number>;
  close(): Promise<void>;
}

/** The initial credits that are compared: the default, and one that a fast network wants. */
export type Credit = 16 | 1024;
