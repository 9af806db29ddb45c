import type { CallContext } from "../call/call-context.ts";
import type { Handlers } from "../call/call-types.ts";
import { implement } from "../call/handler.ts";
import { deferred } from "../internal/deferred.ts";
import type { Service } from "../schema/service.ts";
import { SERVICE_KEY } from "../session/announce.ts";
import type { ConnectionAcceptor } from "../session/session-options.ts";
import type { HealthBoard } from "./health-board.ts";
import { HEALTH_NAME, HealthService, type HealthStatus } from "./health-service.ts";

/** Whose health is told. */
export interface HealthOffer {
  /** Whether anybody is told at all. */
  readonly isOffered: () => boolean;
  /** Names of the services that are served. */
  readonly services: readonly string[];
  readonly board: HealthBoard;
  readonly isDraining: () => boolean;
  /** Told that a drain has begun. @returns what ends it */
  readonly onDraining: (run: () => void) => () => void;
}

/** Takes opens of health, and leaves all others to `accept`. A service of the user's with that name is the user's. */
export function withHealth(accept: ConnectionAcceptor, offer: HealthOffer): ConnectionAcceptor {
  if (offer.services.includes(HEALTH_NAME)) return accept;
  return (request) => {
    if (request.metadata.get(SERVICE_KEY) !== HEALTH_NAME || !offer.isOffered()) return accept(request);
    const { session } = request;
    const isDraining = () => offer.isDraining() || session.isDraining;
    const handler = implement(HealthService as unknown as Service, handlersOf({ ...offer, isDraining }));
    // It is asked when things go badly: it is answered until the end, and takes nobody's place.
    return { accept: true, handler: { ...handler, isServedToTheEnd: true }, maxConcurrentRequests: 8 };
  };
}

function handlersOf(offer: HealthOffer): Handlers<(typeof HealthService)["methods"]> {
  return {
    check: ({ service }) => statusOf(service, offer),
    async watch({ service, out }, call) {
      const changes = new Changes(call);
      const stops = [offer.board.watch(changes.notice), offer.onDraining(changes.notice)];
      let told: HealthStatus | undefined;
      try {
        do {
          const status = statusOf(service, offer);
          if (status !== told) await out.send(status, { signal: call.signal });
          told = status;
        } while (await changes.next());
      } finally {
        for (const stop of stops) stop();
      }
    },
  };
}

function statusOf(service: string, { services, board, isDraining }: HealthOffer): HealthStatus {
  if (service !== "" && !services.includes(service)) return "Unknown";
  return !isDraining() && board.isServing(service) ? "Serving" : "NotServing";
}

/** Waits for changes until nobody reads any more. */
class Changes {
  #isOver = false;
  #hasChanged = false;
  #wake = deferred<void>();

  constructor(call: CallContext) {
    const end = () => {
      this.#isOver = true;
      this.#wake.resolve();
    };
    for (const channel of call.channels) channel.watch(end);
    call.signal.addEventListener("abort", end, { once: true });
  }

  readonly notice = (): void => {
    this.#hasChanged = true;
    this.#wake.resolve();
  };

  /** @returns false when it is over */
  async next(): Promise<boolean> {
    if (!this.#hasChanged && !this.#isOver) {
      this.#wake = deferred();
      await this.#wake.promise;
    }
    this.#hasChanged = false;
    return !this.#isOver;
  }
}
