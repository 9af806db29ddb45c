/**
 * A socket that carries frames: a kind, an id, a body. What is sent goes out with all that this turn
 * of the event loop sends.
 */
export interface RawSocket {
  /**
   * Sends a number as a body of `bodyBytes` (at least 4), written in place.
   *
   * @returns false if the socket is full
   */
  sendNumber(kind: number, id: number, value: number, bodyBytes: number): boolean;
  /** Sends bytes behind `padding` bytes of anything; large ones by reference. @returns false if full */
  sendBytes(kind: number, id: number, bytes: Uint8Array, padding: number): boolean;
  /** Resolves when a full socket takes more. */
  drained(): Promise<void>;
  onNumber: (kind: number, id: number, value: number) => void;
  /** The bytes with their padding. */
  onBytes: (kind: number, id: number, body: Uint8Array) => void;
  close(): void;
}

/** Kind and id ahead of each body (bytes). */
export const FRAME_HEADER_BYTES = 5;
/** A number on its own (bytes). */
export const NUMBER_BYTES = 4;
/** Bytes that have not left, at which a sender waits. */
export const HIGH_WATER_BYTES = 256 * 1024;
/** Bodies from this size on are not copied (bytes). */
export const GATHER_FROM = 16 * 1024;
