import { useEffect, useMemo, useReducer, useSyncExternalStore } from "react";
import { argsKey } from "./args-key.ts";
import { type CallSnapshot, CallStore, IDLE } from "./call-store.ts";

/** A method of a client. */
export type Callable<A, T> = (args: A, options?: { readonly signal?: AbortSignal }) => PromiseLike<T>;

/** How it goes, and what can be done about it. */
export type CallView<T> = CallSnapshot<T> & {
  /** Makes the call once more; the last value stays until it is answered. */
  again(): void;
  /** Gives the call up, on the wire too. */
  cancel(): void;
};

export interface UseCallOptions {
  /** False: the call is not made until it is true, or `again` is called (default true). */
  readonly isEnabled?: boolean;
}

/**
 * Calls a method when the component is there, and again whenever the arguments are others (by value); a call that
 * is of no use any more is cancelled. Not on the server: there it is idle.
 *
 * @example const user = useCall(billing.user, { id: 8n });
 *   return user.kind === "done" ? <p>{user.value.name}</p> : <Spinner />;
 */
export function useCall<A, T>(
  call: Callable<A, T>,
  args: A,
  { isEnabled = true }: UseCallOptions = {},
): CallView<T> {
  const key = argsKey(args);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the arguments
  const store = useMemo(
    () => new CallStore<T>((signal) => Promise.resolve(call(args, { signal }))),
    [call, key],
  );
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, () => IDLE);
  useEffect(() => {
    if (isEnabled) store.start();
    return store.cancel;
  }, [store, isEnabled]);
  return { ...snapshot, again: store.start, cancel: store.cancel };
}

/** Answers of one method that are kept for those who suspend; the oldest goes first. */
const MOST_ANSWERS = 100;

/**
 * A failure stays for so long after it was thrown, since React may render a second time what threw, and much in
 * between; without it each of those renders would make the call again, and no boundary would ever show it.
 */
const FAILURE_STAYS_MS = 1_000;

type Answer<T> = {
  readonly promise: Promise<void>;
  settled?: { readonly value: T } | { readonly error: unknown; isThrown: boolean };
};

/** By method, and that is by client; then by arguments. Both go with the client. */
const answers = new WeakMap<object, Map<string, Answer<unknown>>>();

/**
 * The value of a call, for components under a `Suspense` and an error boundary: it suspends until the call is
 * answered and throws what it failed by. Answers are kept, a hundred for each method; a failure for a second.
 *
 * @param call the same function each time
 * @returns the value, and what has it called again
 */
export function useAnswer<A, T>(call: Callable<A, T>, args: A): { readonly value: T; again(): void } {
  const [, render] = useReducer((renders: number) => renders + 1, 0);
  const key = argsKey(args);
  let kept = answers.get(call) as Map<string, Answer<T>> | undefined;
  if (kept === undefined) {
    kept = new Map();
    answers.set(call, kept);
  }
  const answer = kept.get(key) ?? ask(call, args, { kept, key });
  const { settled, promise } = answer;
  if (settled === undefined) throw promise;
  if ("error" in settled) {
    const forget = () => kept.get(key) === answer && kept.delete(key);
    if (!settled.isThrown) setTimeout(forget, FAILURE_STAYS_MS);
    settled.isThrown = true;
    throw settled.error;
  }
  const again = () => {
    answers.get(call)?.delete(key);
    render();
  };
  return { value: settled.value, again };
}

function ask<A, T>(
  call: Callable<A, T>,
  args: A,
  { kept, key }: { readonly kept: Map<string, Answer<T>>; readonly key: string },
): Answer<T> {
  const answer: Answer<T> = {
    promise: Promise.resolve(call(args)).then(
      (value) => {
        answer.settled = { value };
      },
      (error) => {
        answer.settled = { error, isThrown: false };
      },
    ),
  };
  kept.set(key, answer);
  if (kept.size > MOST_ANSWERS) kept.delete(kept.keys().next().value as string);
  return answer;
}
