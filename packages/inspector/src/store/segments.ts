const SEGMENT_BYTES = 4 * 1024 * 1024;
/** No event is so long: it is no trace. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;
const decoder = new TextDecoder();

/** A stretch of the trace's text with whole lines in it. */
export interface Segment {
  readonly bytes: Uint8Array;
  /** Bytes in use, and how many of them are whole lines. */
  used: number;
  lines: number;
  /** Of its first event. */
  firstNumber: number;
  count: number;
}

/** The text of a trace, kept as the bytes that it came as. */
export class Segments {
  readonly list: Segment[] = [];
  bytes = 0;

  /**
   * Takes bytes, and tells each line that is whole.
   *
   * @param onLine told where a line begins, and before which place it ends; returns where its newline is,
   *   as a negative number, less one, if the line is no event
   * @throws RangeError for a line of more than 64 MiB
   */
  add(
    bytes: Uint8Array,
    nextNumber: () => number,
    onLine: (segment: Segment, start: number, end: number) => number,
  ): void {
    let taken = 0;
    while (taken < bytes.length) {
      const segment = this.#withRoom(nextNumber);
      const part = bytes.subarray(taken, taken + segment.bytes.length - segment.used);
      const last = part.lastIndexOf(NEWLINE);
      const end = last === -1 ? segment.lines : segment.used + last + 1;
      segment.bytes.set(part, segment.used);
      segment.used += part.length;
      this.bytes += part.length;
      taken += part.length;
      while (segment.lines < end) {
        const newline = onLine(segment, segment.lines, end);
        if (newline >= 0) segment.count++;
        segment.lines = (newline >= 0 ? newline : -newline - 1) + 1;
      }
    }
  }

  /** What stands behind the last newline. */
  get rest(): string {
    const last = this.list.at(-1);
    return last === undefined ? "" : decoder.decode(last.bytes.subarray(last.lines, last.used));
  }

  /** The segment of an event. */
  of(number: number): Segment | undefined {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.list[middle] as Segment).firstNumber <= number) low = middle + 1;
      else high = middle;
    }
    return this.list[low - 1];
  }

  /** Forgets the oldest. */
  shift(): Segment | undefined {
    const oldest = this.list.shift();
    this.bytes -= oldest?.used ?? 0;
    return oldest;
  }

  /** The last segment, or a new one that begins with the line that did not fit. */
  #withRoom(nextNumber: () => number): Segment {
    const last = this.list.at(-1);
    if (last !== undefined && last.used < last.bytes.length) return last;
    const cut = last?.bytes.subarray(last.lines, last.used) ?? new Uint8Array();
    if (cut.length > MAX_LINE_BYTES) throw new RangeError("a line is longer than 64 MiB: this is no trace");
    // A line as long as a segment gets one of twice its size.
    const bytes = new Uint8Array(Math.max(SEGMENT_BYTES, cut.length * 2));
    bytes.set(cut);
    if (last !== undefined) last.used = last.lines;
    const fresh = { bytes, used: cut.length, lines: 0, firstNumber: nextNumber(), count: 0 };
    this.list.push(fresh);
    return fresh;
  }
}
