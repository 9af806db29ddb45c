import { defineService, type Identity, type Methods, type Service } from "./service.ts";

/**
 * A service whose ids are known, as generated code has them: no hash is needed at run time.
 *
 * @param ids method name to id
 * @throws TypeError if a method has no id
 */
export function knownIds<const M extends Methods>(
  name: string,
  methods: M,
  ids: { readonly [K in keyof M]: bigint },
): Service<M> {
  const identity: Identity = {
    id: (_service, methodName) => {
      const id = ids[methodName as keyof M];
      if (id === undefined) throw new TypeError(`${name}.${methodName} has no id`);
      return id;
    },
  };
  return defineService(name, methods, identity);
}
