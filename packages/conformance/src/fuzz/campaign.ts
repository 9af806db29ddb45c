import { getHeapStatistics } from "node:v8";
import type { SeededRandom } from "../../../roam/src/testing/simulation/seeded-random.ts";
import type { Counters } from "./counters.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { Mutator } from "./mutator.ts";

/** Time for one input above which it counts as a hang (ms). */
const HANG_MS = 1_000;
/** Times that a record, or a hang, is tried again: the machine does other things too. */
const TRIES = 3;
/** Shorter inputs say nothing about cost per byte: every answer has a fixed part. */
const LEAST_BYTES = 32;
/** Memory that an input may cost in any case, and for each of its bytes (bytes): more is a finding. */
const FREE_BYTES = 256 * 1024;
const FREE_BYTES_PER_BYTE = 32 * 1024;
/** Findings of one target after which it is left alone. */
const MOST_FINDINGS = 5;
/** Lines of a stack. While inputs are tried none are taken: refusals would cost most of the time. */
const STACK_LINES = 10;
/** Tries to make the input of a finding smaller. */
const SHRINK_TRIES = 3_000;

export interface FuzzFinding {
  readonly kind: "crash" | "hang";
  readonly message: string;
  readonly input: Uint8Array;
}

/** The input that took most of something. */
export interface FuzzRecord {
  readonly amount: number;
  readonly input: Uint8Array;
}

export interface CampaignResult {
  readonly executions: number;
  readonly elapsedMs: number;
  readonly findings: readonly FuzzFinding[];
  /** In ms. */
  readonly slowest: FuzzRecord;
  /** Memory taken while decoding (bytes), garbage included. */
  readonly largest: FuzzRecord;
  /** The same for each byte of the input. */
  readonly largestPerByte: FuzzRecord;
  readonly seen: Uint32Array;
}

const NONE: FuzzRecord = { amount: 0, input: new Uint8Array() };

/** One target and the inputs that taught something about it. All it decides comes from its random numbers. */
export class Campaign {
  readonly #target: FuzzTarget;
  readonly #counters: Counters;
  readonly #random: SeededRandom;
  readonly #onBegin: (input: Uint8Array) => void;
  readonly #mutator: Mutator;
  readonly #corpus: Uint8Array[] = [];
  readonly #findings: FuzzFinding[] = [];
  readonly #known = new Set<string>();
  #executions = 0;
  #elapsedMs = 0;
  #slowest = NONE;
  #largest = NONE;
  #largestPerByte = NONE;

  /** @param onBegin is told of each input before it is taken */
  constructor(
    target: FuzzTarget,
    counters: Counters,
    options: { random: SeededRandom; onBegin: (input: Uint8Array) => void },
  ) {
    this.#target = target;
    this.#counters = counters;
    this.#random = options.random;
    this.#onBegin = options.onBegin;
    this.#mutator = new Mutator(options.random, target);
  }

  get result(): CampaignResult {
    return {
      executions: this.#executions,
      elapsedMs: this.#elapsedMs,
      findings: this.#findings,
      slowest: this.#slowest,
      largest: this.#largest,
      largestPerByte: this.#largestPerByte,
      seen: this.#counters.seen,
    };
  }

  get isOver(): boolean {
    return this.#findings.length >= MOST_FINDINGS;
  }

  /** Takes inputs as they are: the corpus, seeds, an input to be tried again. */
  async take(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of inputs) await this.#try(input.slice(0, this.#target.maxBytes));
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array());
  }

  /** Makes inputs and takes them, so many or so long. */
  async run(until: { executions: number; ms: number }): Promise<void> {
    const startMs = performance.now();
    Error.stackTraceLimit = 0;
    for (let done = 0; done < until.executions && !this.isOver; done++) {
      if (performance.now() - startMs >= until.ms) break;
      await this.#try(this.#next());
    }
    Error.stackTraceLimit = STACK_LINES;
    this.#elapsedMs += performance.now() - startMs;
  }

  #next(): Uint8Array {
    const random = this.#random;
    const parent = this.#pick();
    const other = random.pick(this.#corpus);
    const { mutate, maxBytes } = this.#target;
    if (mutate !== undefined && random.chance(0.7)) {
      const changed = mutate(parent, other, (min, max) => random.integer(min, max));
      if (changed !== undefined) return changed.slice(0, maxBytes);
    }
    return this.#mutator.mutated(parent, other);
  }

  /** Any good input: young ones as often as all others together, and short ones sooner, for they cost less. */
  #pick(): Uint8Array {
    const random = this.#random;
    const corpus = this.#corpus;
    const from = random.chance(0.5) ? Math.floor(corpus.length * 0.8) : 0;
    const one = corpus[random.integer(from, corpus.length - 1)] as Uint8Array;
    const other = corpus[random.integer(from, corpus.length - 1)] as Uint8Array;
    return other.length < one.length && random.chance(0.7) ? other : one;
  }

  async #try(input: Uint8Array): Promise<void> {
    this.#executions++;
    this.#onBegin(input);
    const counters = this.#counters;
    counters.clear();
    const heapBefore = heapBytes();
    const startMs = performance.now();
    try {
      const result = this.#target.run(input);
      // Not always: a turn costs more than most inputs.
      if (result !== undefined) await result;
    } catch (error) {
      await this.#found("crash", error, input);
      return;
    }
    const elapsedMs = performance.now() - startMs;
    const allocated = heapBytes() - heapBefore;
    if (counters.learn()) this.#corpus.push(input);
    // What was done here is more than one decoding: only what may be a record is measured by itself.
    if (elapsedMs > this.#slowest.amount) await this.#asUsual(() => this.#measureTime(input));
    const perByte = input.length < LEAST_BYTES ? 0 : allocated / input.length;
    // Less than nothing: garbage was collected meanwhile, and nobody knows.
    if (allocated < 0 || allocated > this.#largest.amount || perByte > this.#largestPerByte.amount) {
      await this.#asUsual(() => this.#measureMemory(input));
    }
  }

  /** With stacks in errors, as programs have them. */
  async #asUsual(work: () => Promise<void>): Promise<void> {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = STACK_LINES;
    await work();
    Error.stackTraceLimit = stackTraceLimit;
  }

  async #measureTime(input: Uint8Array): Promise<void> {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let time = 0; time < TRIES && leastMs > this.#slowest.amount; time++) {
      const startMs = performance.now();
      await this.#target.measure(input);
      leastMs = Math.min(leastMs, performance.now() - startMs);
    }
    if (leastMs > this.#slowest.amount) this.#slowest = { amount: leastMs, input };
    if (leastMs > HANG_MS) await this.#found("hang", new Error(`${leastMs.toFixed(0)} ms`), input);
  }

  async #measureMemory(input: Uint8Array): Promise<void> {
    const seen: number[] = [];
    // Several that no collection spoilt: one alone may have had something else in it.
    for (let time = 0; time < 4 * TRIES && seen.length < TRIES; time++) {
      const before = heapBytes();
      await this.#target.measure(input);
      const bytes = heapBytes() - before;
      if (bytes >= 0) seen.push(bytes);
    }
    if (seen.length < TRIES) return;
    const least = Math.min(...seen);
    if (least > FREE_BYTES + FREE_BYTES_PER_BYTE * input.length) {
      await this.#found("crash", new Error(`takes ${least} bytes of memory`), input);
    }
    if (least > this.#largest.amount) this.#largest = { amount: least, input };
    const perByte = least / input.length;
    if (input.length >= LEAST_BYTES && perByte > this.#largestPerByte.amount) {
      this.#largestPerByte = { amount: perByte, input };
    }
  }

  async #found(kind: FuzzFinding["kind"], error: unknown, input: Uint8Array): Promise<void> {
    const key = keyOf(error);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    await this.#asUsual(async () => {
      // What only takes long, or much, does not fail when it is run again.
      const told = kind === "hang" ? undefined : await this.#told(input);
      const smallest = told === undefined ? input : await this.#shrunk(input, key);
      const message = told === undefined ? String(error) : ((await this.#told(smallest)) ?? told);
      this.#findings.push({ kind, message, input: smallest });
    });
  }

  /** The failure of an input, with where it comes from. */
  async #told(input: Uint8Array): Promise<string | undefined> {
    try {
      await this.#target.run(input);
      return undefined;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }

  /** The same failure from fewer bytes. */
  async #shrunk(input: Uint8Array, key: string): Promise<Uint8Array> {
    const isSame = async (shorter: Uint8Array) => {
      this.#onBegin(shorter);
      try {
        await this.#target.run(shorter);
        return false;
      } catch (error) {
        return keyOf(error) === key;
      }
    };
    return shorter(input, SHRINK_TRIES, isSame);
  }

  /** Few and short inputs that go wherever all of the corpus went. Forgets what was seen. */
  async smallCorpus(): Promise<Uint8Array[]> {
    const counters = this.#counters;
    const kept: Uint8Array[] = [];
    counters.seen = new Uint32Array();
    for (const input of this.#corpus.toSorted((a, b) => a.length - b.length)) {
      const before = counters.seen;
      if (!(await this.#teaches(input))) continue;
      const after = counters.seen;
      kept.push(
        await shorter(input, 200, async (candidate) => {
          counters.seen = before;
          await this.#teaches(candidate);
          return Buffer.compare(asBytes(counters.seen), asBytes(after)) === 0;
        }),
      );
      counters.seen = after;
    }
    return kept;
  }

  async #teaches(input: Uint8Array): Promise<boolean> {
    this.#counters.clear();
    try {
      await this.#target.run(input);
    } catch {
      return false;
    }
    return this.#counters.learn();
  }
}

/** Leaves parts out of an input for as long as `isGood`. */
async function shorter(
  input: Uint8Array,
  tries: number,
  isGood: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let left = tries;
  for (let part = Math.ceil(input.length / 2); part >= 1; part = Math.floor(part / 2)) {
    for (let at = 0; at < best.length && left > 0; left--) {
      const candidate = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + part)]);
      if (await isGood(candidate)) best = candidate;
      else at += part;
    }
  }
  return best;
}

function keyOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name} ${error.message}`.replaceAll(/\d+/g, "#").slice(0, 200)
    : String(error);
}

function asBytes(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Memory of this thread in use, array buffers included. */
function heapBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}
