import type { MethodDescriptor, OlderVersion, Service } from "../schema/service.ts";
import type { CallContext } from "./call-context.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import type { Dispatching } from "./dispatching.ts";
import type { Middleware } from "./middleware.ts";
import { olderMethod } from "./older-method.ts";
import { type Answers, answersOf } from "./response.ts";

/** The user's function for one method, with its types forgotten. */
export type HandlerFunction = (args: Record<string, unknown>, call: CallContext) => unknown;

/** What serves the calls of a connection: one service and the functions behind it. */
// r[impl rpc.handler]
// r[impl rpc.one-service-per-connection]
export interface Handler {
  readonly service: Service;
  readonly middleware: readonly Middleware[];
  /** The method with this id and the function for it. */
  find(idLo: number, idHi: number): HandledMethod | undefined;
  readonly maxCredit: number;
  /** Serves the calls of one connection. A client that serves nothing has no code for it. */
  dispatch(options: Omit<DispatcherOptions, "handler">): Dispatching;
  /** Its calls are served while a session winds up, and nobody waits for them. */
  readonly isServedToTheEnd?: boolean;
  /** Its calls carry those of others, and take no place among the calls of a server. */
  readonly isCarrier?: boolean;
}

export interface HandledMethod {
  readonly method: MethodDescriptor;
  readonly run: HandlerFunction;
  readonly answers: Answers;
  /** Makes the arguments of an older signature those that `run` takes. */
  readonly adapt: ((args: Record<string, unknown>) => Record<string, unknown>) | undefined;
}

/**
 * Joins a service and its functions.
 *
 * @throws TypeError if a method has no function
 */
export function implement(
  service: Service,
  functions: Readonly<Record<string, unknown>>,
  middleware: readonly Middleware[] = [],
): Handler {
  const methods = new HandledMethods();
  for (const [name, method] of service.descriptors()) {
    methods.add({
      method,
      run: functionOf(functions[name], functions, method),
      answers: answersOf(method),
      adapt: undefined,
    });
  }
  for (const older of service.older ?? []) addOlder(older, service, methods);
  return {
    service,
    middleware,
    maxCredit: methods.maxCredit,
    find: (idLo, idHi) => methods.find(idLo, idHi),
    // By whatever object it is a method of: some are made of others.
    dispatch(options) {
      return new Dispatcher({ ...options, handler: this });
    },
  };
}

function functionOf(run: unknown, owner: object, method: MethodDescriptor): HandlerFunction {
  if (typeof run !== "function") throw new TypeError(`${method.service}.${method.name} has no handler`);
  return run.bind(owner) as HandlerFunction;
}

/** The methods of an older version whose ids the newer ones do not have. */
function addOlder({ service: older, adapters }: OlderVersion, newer: Service, methods: HandledMethods): void {
  for (const [name, method] of older.descriptors()) {
    if (methods.find(method.idLo, method.idHi) !== undefined) continue;
    const adapter = adapters[name] ?? {};
    if (typeof adapter === "function") {
      const run = functionOf(adapter, adapters, method);
      methods.add({ method, run, answers: answersOf(method), adapt: undefined });
      continue;
    }
    const current = newer.descriptors().get(name);
    const handled = current && methods.find(current.idLo, current.idHi);
    if (handled === undefined) throw new TypeError(`${method.service}.${name} has no handler`);
    methods.add(olderMethod(method, adapter, handled));
  }
}

/** Methods by id: found by the lower half; two may share that one. */
class HandledMethods {
  readonly #byLowerHalf = new Map<number, HandledMethod[]>();
  maxCredit = 0;

  add(handled: HandledMethod): void {
    const { idLo, maxCredit } = handled.method;
    this.#byLowerHalf.set(idLo, [...(this.#byLowerHalf.get(idLo) ?? []), handled]);
    this.maxCredit = Math.max(this.maxCredit, maxCredit);
  }

  find(idLo: number, idHi: number): HandledMethod | undefined {
    const entries = this.#byLowerHalf.get(idLo);
    if (entries === undefined) return undefined;
    for (const entry of entries) if (entry.method.idHi === idHi) return entry;
    return undefined;
  }
}
