const HEAD_BYTES = 16;
const COUNT = 0;
const LENGTH = 1;
const TARGET = 2;
const IS_BUSY = 3;

/** What a thread works on, in memory that the main thread sees even while the other hangs. */
export class Pulse {
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  /** @param maxBytes longest input */
  static memory(maxBytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD_BYTES + maxBytes);
  }

  /** The next input is about to be taken. */
  begin(target: number, input: Uint8Array): void {
    this.#bytes.set(input);
    this.#head[LENGTH] = input.length;
    this.#head[TARGET] = target;
    this.#head[COUNT] = ((this.#head[COUNT] as number) + 1) | 0;
    Atomics.store(this.#head, IS_BUSY, 1);
  }

  end(): void {
    Atomics.store(this.#head, IS_BUSY, 0);
  }

  /** Undefined between inputs. */
  get current(): { readonly count: number; readonly target: number; readonly input: Uint8Array } | undefined {
    if (Atomics.load(this.#head, IS_BUSY) === 0) return undefined;
    const [count = 0, length = 0, target = 0] = this.#head;
    return { count, target, input: this.#bytes.slice(0, length) };
  }
}
