import type { Connection } from "../connection/connection.ts";
import type { RequestCall } from "../wire/message.ts";

interface Named {
  readonly idHi: number;
  readonly name: string;
}

/** Names of the methods of one connection: of those served there, or of those that are called. */
export class MethodNames {
  readonly #connection: Connection | undefined;
  readonly #side: "caller" | "handler";
  /** By the lower half of the id. */
  readonly #known = new Map<number, Named>();

  constructor(connection: Connection | undefined, side: "caller" | "handler") {
    this.#connection = connection;
    this.#side = side;
  }

  /** `Service.method`, or the id as 16 hexadecimal digits where nobody here knows the method. */
  of({ methodLo, methodHi }: RequestCall): string {
    const known = this.#known.get(methodLo);
    if (known?.idHi === methodHi) return known.name;
    const name = this.#find(methodLo, methodHi);
    if (name === undefined) return hex(methodHi) + hex(methodLo);
    this.#known.set(methodLo, { idHi: methodHi, name });
    return name;
  }

  #find(idLo: number, idHi: number): string | undefined {
    if (this.#side === "handler") {
      const method = this.#connection?.handler?.find(idLo, idHi)?.method;
      return method && `${method.service}.${method.name}`;
    }
    for (const service of this.#connection?.caller.services ?? []) {
      for (const method of service.descriptors().values()) {
        if (method.idLo === idLo && method.idHi === idHi) return `${method.service}.${method.name}`;
      }
    }
    return undefined;
  }
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}
