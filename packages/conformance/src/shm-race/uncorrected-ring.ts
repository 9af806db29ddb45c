import { type Readable, Ring } from "../../../roam/src/shm/ring.ts";

/** A ring as published: the watermark before the write, and a consumer that does not ask what is between. */
export class UncorrectedRing extends Ring {
  protected override wrap(write: number): void {
    this.watermark = write;
    this.write = 0;
  }

  override readable(): Readable | undefined {
    let write = this.write;
    let at = this.read;
    const watermark = this.watermark;
    if (watermark !== 0) {
      if (at < watermark) return { at, length: watermark - at };
      this.read = 0;
      this.watermark = 0;
      at = 0;
      write = this.write;
    }
    return at < write ? { at, length: write - at } : undefined;
  }

  override release(length: number): void {
    const { watermark } = this;
    const read = this.read + length;
    if (watermark !== 0 && read >= watermark) {
      this.read = 0;
      this.watermark = 0;
    } else this.read = read;
  }
}
