// Stands in for `node:test` in the bundle of `npm run -s runtimes`: the same on every runtime, for theirs differ.
type Step = () => unknown;

/** What a test is given. */
interface Context {
  /** Runs when the test is over, whatever came of it. */
  after(hook: Step): void;
}

type Body = (context: Context) => unknown;

interface Case {
  readonly name: string;
  readonly body: Body;
  readonly limitMs: number;
}

class Group {
  readonly name: string;
  readonly parts: (Case | Group)[] = [];
  readonly before: Step[] = [];
  readonly after: Step[] = [];

  constructor(name: string) {
    this.name = name;
  }
}

/** One that failed, by the path of its file and the names of its suites and itself. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

/** As `scripts/test.mjs` has it (ms). */
const LIMIT_MS = 60_000;

let current = new Group("");

export function suite(name: string, options: object | Step, suiteBody?: Step): void {
  const body = typeof options === "function" ? (options as Step) : (suiteBody as Step);
  const outer = current;
  current = new Group(name);
  outer.parts.push(current);
  body();
  current = outer;
}

export function test(name: string, options: { readonly timeout?: number } | Body, body?: Body): void {
  const isBare = typeof options === "function";
  const { timeout: limitMs = LIMIT_MS } = isBare ? {} : options;
  current.parts.push({ name, body: isBare ? options : (body as Body), limitMs });
}

export function before(hook: Step): void {
  current.before.push(hook);
}

export function after(hook: Step): void {
  current.after.push(hook);
}

/** Runs what a file registers, one test after another. */
export async function runFile(
  path: string,
  load: () => Promise<unknown>,
  onTest: (failure: Failure | undefined) => void,
): Promise<void> {
  current = new Group(path);
  try {
    await load();
  } catch (error) {
    return onTest({ name: path, reason: reasonOf(error) });
  }
  await runGroup(current, [path], onTest);
}

async function runGroup(
  { parts, before: first, after: last }: Group,
  path: readonly string[],
  onTest: (failure: Failure | undefined) => void,
): Promise<void> {
  const hooks = async (steps: readonly Step[]) => {
    for (const step of steps) await step();
  };
  try {
    await hooks(first);
    for (const part of parts) {
      const inner = [...path, part.name];
      if (part instanceof Group) await runGroup(part, inner, onTest);
      else onTest(await runCase(part, inner));
    }
    await hooks(last);
  } catch (error) {
    onTest({ name: [...path, "before or after"].join(" > "), reason: reasonOf(error) });
  }
}

async function runCase({ body, limitMs }: Case, path: readonly string[]): Promise<Failure | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms`)), limitMs);
  });
  const hooks: Step[] = [];
  try {
    await Promise.race([(async () => body({ after: (hook) => hooks.push(hook) }))(), late]);
    return undefined;
  } catch (error) {
    return { name: path.join(" > "), reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
    for (const hook of hooks) await hook();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
