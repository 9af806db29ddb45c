import type { Clock } from "../internal/clock.ts";
import type { Id } from "../wire/message.ts";
import {
  type KeepaliveOptions,
  type KeepaliveState,
  type KeepaliveStep,
  keepaliveDueMs,
  onKeepaliveTime,
  onPong,
  startKeepalive,
} from "./keepalive.ts";

/** Runs the keepalive's pure steps against a clock. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #clock: Clock;
  readonly #act: { ping(nonce: number): void; dead(): void };
  #state: KeepaliveState;
  #stopTimer: () => void = () => {};
  /** The last round trip measured (ms). */
  roundTripMs: number | undefined;

  constructor(options: KeepaliveOptions, clock: Clock, act: { ping(nonce: number): void; dead(): void }) {
    this.#options = options;
    this.#clock = clock;
    this.#act = act;
    this.#state = startKeepalive(options, clock.nowMs());
    this.#arm();
  }

  onPong(nonce: Id): void {
    this.#take(onPong(this.#state, this.#options, nonce, this.#clock.nowMs()));
  }

  stop(): void {
    this.#stopTimer();
  }

  #arm(): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(keepaliveDueMs(this.#state) - this.#clock.nowMs(), () => {
      this.#take(onKeepaliveTime(this.#state, this.#options, this.#clock.nowMs()));
    });
  }

  #take({ state, effects }: KeepaliveStep): void {
    this.#state = state;
    this.#arm();
    for (const effect of effects) {
      if (effect.kind === "ping") this.#act.ping(effect.nonce);
      else if (effect.kind === "round-trip") this.roundTripMs = effect.ms;
      else this.#act.dead();
    }
  }
}
