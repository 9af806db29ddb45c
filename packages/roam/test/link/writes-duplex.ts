import { Duplex } from "node:stream";

/** A duplex that keeps the writes the operating system would see, and gives what is pushed to it. */
export class WritesDuplex extends Duplex {
  readonly writes: number[][] = [];
  /** The arrays themselves, as they were handed over. */
  readonly pieces: Uint8Array[] = [];

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.#keep([chunk]);
    done();
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: () => void): void {
    this.#keep(chunks.map(({ chunk }) => chunk));
    done();
  }

  #keep(pieces: readonly Uint8Array[]): void {
    this.pieces.push(...pieces);
    this.writes.push(pieces.flatMap((piece) => [...piece]));
  }
}
