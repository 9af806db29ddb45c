import { Column, lowerBound } from "./column.ts";

/** What passed on one channel: items, grants of credit, its end. */
export class ChannelTrack {
  readonly id: number;
  /** Of the call whose arguments it is in; empty where that was not seen. */
  method = "";
  /** Of that call's `call-begin`; -1 where that was not seen. */
  callNumber = -1;
  readonly times = new Column(Float64Array);
  /** Numbers of `CHANNEL_TAGS`. */
  readonly tags = new Column(Uint8Array);
  readonly numbers = new Column(Uint32Array);
  readonly bytes = new Column(Float64Array);
  /** Units of credit, each time they were told. */
  readonly creditTimes = new Column(Float64Array);
  readonly credits = new Column(Float32Array);
  items = 0;
  isOver = false;

  constructor(id: number) {
    this.id = id;
  }

  note(t: number, tag: number, bytes: number, number: number): void {
    this.times.push(t);
    this.tags.push(tag);
    this.bytes.push(bytes);
    this.numbers.push(number);
    if (tag === 1) this.items++;
    else if (tag === 2 || tag === 3) this.isOver = true;
  }

  noteCredit(t: number, credit: number): void {
    this.creditTimes.push(t);
    this.credits.push(credit);
  }

  dropBefore(number: number, t: number): void {
    const count = lowerBound(this.numbers.values, this.numbers.length, number);
    if (count > 0) for (const column of [this.times, this.tags, this.numbers, this.bytes]) column.drop(count);
    const old = lowerBound(this.creditTimes.values, this.creditTimes.length, t);
    if (old > 0) for (const column of [this.creditTimes, this.credits]) column.drop(old);
  }
}
