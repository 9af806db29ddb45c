import { Watched } from "../internal/watched.ts";

/** What an owner says of its services. */
export interface HealthBoard {
  /**
   * Says how a service is, or for an empty name everything; Serving is what is assumed.
   *
   * @example health.set("Billing", "NotServing")
   */
  set(service: string, status: "Serving" | "NotServing"): void;
  /** @internal */
  isServing(service: string): boolean;
  /** @internal Told that something has changed. @returns what ends it */
  watch(onChange: () => void): () => void;
}

/** A board for `serve(…, { health })`; one may be shared by several servers. */
export function healthBoard(): HealthBoard {
  const down = new Set<string>();
  const changes = new Watched(0);
  return {
    set(service, status) {
      const wasServing = !down.has(service);
      if (status === "NotServing") down.add(service);
      else down.delete(service);
      if (wasServing === down.has(service)) changes.set(changes.value + 1);
    },
    isServing: (service) => !down.has("") && !down.has(service),
    watch: (onChange) => changes.watch(onChange),
  };
}
