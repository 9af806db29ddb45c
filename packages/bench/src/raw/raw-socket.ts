/** A socket that carries frames: a kind, an id, a body. */
export interface RawSocket {
  /** Goes out with all that this turn of the event loop sends. @returns false if the socket is full */
  send(kind: number, id: number, body: Uint8Array): boolean;
  /** Resolves when a full socket takes more. */
  drained(): Promise<void>;
  onFrame: (kind: number, id: number, body: Buffer) => void;
  close(): void;
}

/** Kind and id ahead of each body (bytes). */
export const FRAME_HEADER_BYTES = 5;
/** Bytes that have not left, at which a sender waits. */
export const HIGH_WATER_BYTES = 256 * 1024;
/** Bodies from this size on are not copied (bytes). */
export const GATHER_FROM = 16 * 1024;
