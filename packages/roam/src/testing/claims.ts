import { RoamError, type RoamErrorCode } from "../errors.ts";

/** A claim of a test or compliance case did not hold. */
export class ClaimError extends Error {
  override readonly name: string = "ClaimError";
}

export function claim(holds: boolean, text: string): asserts holds {
  if (!holds) throw new ClaimError(text);
}

export function claimEqual<T>(actual: T, expected: T, what: string): void {
  claim(Object.is(actual, expected), `${what}: expected ${String(expected)}, got ${String(actual)}`);
}

export function claimBytes(actual: Uint8Array | null, expected: Uint8Array, what = "payload"): void {
  claim(actual !== null, `${what}: expected ${expected.length} bytes, got the end`);
  claimEqual(actual.length, expected.length, `${what}: length`);
  const at = expected.findIndex((byte, index) => actual[index] !== byte);
  claim(at === -1, `${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`);
}

/** @returns what was thrown, a RoamError of that code */
export async function claimRejects(
  act: Promise<unknown> | (() => unknown),
  code: RoamErrorCode,
  what: string,
): Promise<RoamError> {
  const error = await thrownBy(act, what);
  claim(error instanceof RoamError, `${what}: threw ${String(error)}, not a RoamError`);
  claimEqual(error.code, code, `${what}: code`);
  return error;
}

/** @returns whatever was thrown or rejected with */
export async function thrownBy(act: Promise<unknown> | (() => unknown), what: string): Promise<unknown> {
  try {
    await (typeof act === "function" ? act() : act);
  } catch (error) {
    return error;
  }
  throw new ClaimError(`${what}: did not fail`);
}

export function claimThrows(act: () => unknown, type: new (...args: never[]) => Error, what: string): Error {
  try {
    act();
  } catch (error) {
    claim(error instanceof type, `${what}: threw ${String(error)}, not a ${type.name}`);
    return error;
  }
  throw new ClaimError(`${what}: did not throw`);
}

/** The promise, or a failure that says what was waited for: a test must not hang. */
export function within<T>(promise: Promise<T>, what: string, timeoutMs = 5_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ClaimError(`${what}: nothing for ${timeoutMs} ms`)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
