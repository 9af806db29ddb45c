/** Places in the code of one target, at most. */
const MOST_PLACES = 65_536;

interface Part {
  readonly file: string;
  readonly start: number;
  readonly branches: number;
}

/** How far the branches of one file were taken. */
export interface FileCoverage {
  readonly file: string;
  readonly branches: number;
  readonly covered: number;
}

/** Counts how often each place in the instrumented code is passed, and knows what was never seen before. */
export class Counters {
  readonly #hits = new Uint32Array(MOST_PLACES);
  /** For each place the counts seen, rounded down to powers of two: bit n is 2^n. */
  readonly #seen = new Uint32Array(MOST_PLACES);
  readonly #parts: Part[] = [];
  #size = 0;

  /** Called by each instrumented file. @returns where it counts: branches come first */
  register(file: string, places: number, branches: number): Uint32Array {
    const start = this.#size;
    this.#size += places;
    if (this.#size > MOST_PLACES) throw new RangeError(`more than ${MOST_PLACES} places to count`);
    this.#parts.push({ file, start, branches });
    return this.#hits.subarray(start, this.#size);
  }

  /** Before an input. */
  clear(): void {
    this.#hits.fill(0, 0, this.#size);
  }

  /** After it: true if it went where no input went, or twice as often. */
  learn(): boolean {
    const hits = this.#hits;
    const seen = this.#seen;
    let isNew = false;
    for (let place = 0; place < this.#size; place++) {
      const count = hits[place] as number;
      if (count === 0) continue;
      const bit = 0x8000_0000 >>> Math.clz32(count);
      if (((seen[place] as number) & bit) !== 0) continue;
      seen[place] = (seen[place] as number) | bit;
      isNew = true;
    }
    return isNew;
  }

  /** What was seen, to be put back or joined with that of others. */
  get seen(): Uint32Array {
    return this.#seen.slice(0, this.#size);
  }

  set seen(seen: Uint32Array) {
    this.#seen.fill(0);
    this.#seen.set(seen);
  }

  /** The files that inputs reach, with how many of their branches were taken. */
  coverage(seen: Uint32Array = this.#seen): FileCoverage[] {
    return this.#parts.map(({ file, start, branches }) => {
      let covered = 0;
      for (let place = start; place < start + branches; place++) if (seen[place] !== 0) covered++;
      return { file, branches, covered };
    });
  }
}
