/** What is kept for readers that come later, and for one that is slow (characters). */
const MOST_KEPT = 32 * 1024 * 1024;
const MOST_WAITING = 8 * 1024 * 1024;

/**
 * A trace as it happens, for readers that come and go: each gets the head, what is kept of the past, and
 * then what comes. A reader that is slow misses events, and is told how many; the others do not wait.
 */
export class LiveTrace {
  readonly #texts: string[] = [];
  readonly #readers = new Set<Reader>();
  readonly #mostKept: number;
  readonly #mostWaiting: number;
  #head = "";
  #length = 0;
  #forgotten = 0;
  #isOver = false;

  constructor({ mostKept = MOST_KEPT, mostWaiting = MOST_WAITING } = {}) {
    this.#mostKept = mostKept;
    this.#mostWaiting = mostWaiting;
  }

  /** @param text whole lines; the head is the first of the first */
  add(text: string): void {
    let lines = text;
    if (this.#head === "") {
      const end = text.indexOf("\n") + 1;
      this.#head = text.slice(0, end);
      lines = text.slice(end);
      for (const reader of this.#readers) reader.add(this.#head);
    }
    if (lines === "") return;
    for (const reader of this.#readers) reader.add(lines);
    this.#texts.push(lines);
    this.#length += lines.length;
    while (this.#length > this.#mostKept && this.#texts.length > 1) {
      const oldest = this.#texts.shift() ?? "";
      this.#length -= oldest.length;
      this.#forgotten += linesIn(oldest);
    }
  }

  /** Nothing more comes: readers end when they have what there is. */
  end(): void {
    this.#isOver = true;
    for (const reader of this.#readers) reader.end();
  }

  /** The trace for one more reader, until the signal aborts. */
  async *read(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const reader = new Reader(this.#mostWaiting);
    // The past is no reason to miss anything: it is kept here in any case.
    const past = [this.#head, ...this.#texts];
    const forgotten = this.#forgotten;
    if (this.#isOver) reader.end();
    this.#readers.add(reader);
    const onAbort = () => reader.end();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (const [index, text] of past.entries()) {
        if (signal.aborted) return;
        if (index === 1 && forgotten > 0) yield droppedLine(forgotten, text);
        if (text !== "") yield text;
      }
      while (!signal.aborted) {
        const text = await reader.take();
        if (text === undefined) return;
        yield text;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#readers.delete(reader);
    }
  }
}

/** What waits for one reader. */
class Reader {
  readonly #most: number;
  readonly #waiting: string[] = [];
  #length = 0;
  #dropped = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(text: string): void {
    if (this.#length + text.length > this.#most) {
      this.#dropped += linesIn(text);
      return;
    }
    if (this.#dropped > 0) {
      this.#push(droppedLine(this.#dropped, text));
      this.#dropped = 0;
    }
    this.#push(text);
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** @returns undefined when there will be nothing more */
  async take(): Promise<string | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#isOver) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    // All at once: one write for what has come in a turn.
    const text = this.#waiting.splice(0).join("");
    this.#length = 0;
    return text;
  }

  #push(text: string): void {
    this.#waiting.push(text);
    this.#length += text.length;
    this.#wake?.();
  }
}

/** Says how many events are missing, at the time of the one that follows. */
function droppedLine(count: number, next: string): string {
  const { t = 0, session = 1 } = eventIn(next.slice(0, next.indexOf("\n")));
  return `${JSON.stringify({ t, session, kind: "dropped", count })}\n`;
}

function eventIn(line: string): { readonly t?: number; readonly session?: number } {
  try {
    return JSON.parse(line) as { t?: number; session?: number };
  } catch {
    return {};
  }
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
