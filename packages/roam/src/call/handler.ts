import type { MethodDescriptor, Service } from "../schema/service.ts";
import type { CallContext } from "./call-context.ts";
import type { Middleware } from "./middleware.ts";
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
}

export interface HandledMethod {
  readonly method: MethodDescriptor;
  readonly run: HandlerFunction;
  readonly answers: Answers;
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
  const descriptors = service.descriptors();
  // Found by the lower half; two methods may share that one.
  const byLowerHalf = new Map<number, HandledMethod[]>();
  for (const [name, method] of descriptors) {
    const run = functions[name];
    if (typeof run !== "function") throw new TypeError(`${service.name}.${name} has no handler`);
    const entry: HandledMethod = {
      method,
      run: run.bind(functions) as HandlerFunction,
      answers: answersOf(method),
    };
    byLowerHalf.set(method.idLo, [...(byLowerHalf.get(method.idLo) ?? []), entry]);
  }
  return {
    service,
    middleware,
    maxCredit: Math.max(0, ...[...descriptors.values()].map((method) => method.maxCredit)),
    find(idLo, idHi) {
      const entries = byLowerHalf.get(idLo);
      if (entries === undefined) return undefined;
      for (const entry of entries) if (entry.method.idHi === idHi) return entry;
      return undefined;
    },
  };
}
