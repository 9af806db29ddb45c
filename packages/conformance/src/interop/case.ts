import { CallError } from "roam";
import { sameValue } from "../same-value.ts";
import { Difference, expectEqual, show } from "../vectors/tally.ts";

/** One thing to try; it fails by throwing. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/** What a scene is given. */
export interface Stage {
  /** An empty one, for the sockets of all scenes. */
  readonly directory: string;
  /** Decides whatever is left to chance. */
  readonly seed: number;
}

/** Several cases with something set up for them. @returns what to say besides the counts */
export interface Scene {
  readonly title: string;
  run(stage: Stage, report: Report): Promise<string>;
}

/** Longest time that one case may take (ms): a limit for what hangs, not a measure. */
const CASE_LIMIT_MS = 20_000;

export function gives(name: string, call: () => PromiseLike<unknown>, expected: unknown): Case {
  return { name, run: async () => expectEqual("answer", await call(), expected) };
}

/** The call must fail with this code, and with this detail where the error is the method's own. */
export function refuses(
  name: string,
  call: () => PromiseLike<unknown>,
  code: CallError["code"],
  detail?: unknown,
): Case {
  return { name, run: () => expectCallError(call, code, detail) };
}

export async function expectCallError(
  call: () => PromiseLike<unknown>,
  code: CallError["code"],
  detail?: unknown,
): Promise<void> {
  let value: unknown;
  try {
    value = await call();
  } catch (error) {
    if (error instanceof CallError && error.code === code && sameValue(error.detail, detail)) return;
    throw error;
  }
  throw new Difference(`expected a CallError with code ${code}, got ${show(value)}`);
}

/** Everything that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * Waits for a promise, no longer than `limitMs`.
 *
 * @throws Difference saying that `what` took too long
 */
export async function within<T>(what: string, promise: PromiseLike<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Difference(`${what}: not within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** What came of the cases of one scene. */
export class Report {
  readonly title: string;
  passed = 0;
  readonly failures: { readonly name: string; readonly reason: string }[] = [];

  constructor(title: string) {
    this.title = title;
  }

  async check(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await within(name, run(), CASE_LIMIT_MS);
      this.passed++;
    } catch (error) {
      this.fail(name, error);
    }
  }

  /** Runs cases one after the other. */
  async checkAll(cases: readonly Case[]): Promise<void> {
    for (const { name, run } of cases) await this.check(name, run);
  }

  fail(name: string, error: unknown): void {
    this.failures.push({
      name,
      reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    });
  }
}
