import type { Clock } from "../internal/clock.ts";
import type { Id } from "../wire/message.ts";
import {
  type KeepaliveOptions,
  type KeepaliveState,
  type KeepaliveStep,
  keepaliveDueMs,
  onKeepaliveTime,
  onPong,
  onReadingResumed,
  startKeepalive,
} from "./keepalive.ts";

export interface KeepaliveActs {
  ping(nonce: number): void;
  /** @returns false if there is no link that a better one could replace */
  dropLink(): boolean;
  dead(): void;
}

/** Runs the keepalive's pure steps against a clock. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #clock: Clock;
  readonly #act: KeepaliveActs;
  #state: KeepaliveState;
  #stopTimer: () => void = () => {};
  #pauses = 0;
  #isStopped = false;
  /** The link was dropped for want of a Pong, and none has come since. */
  #hasDroppedLink = false;
  /** The last round trip measured (ms). */
  roundTripMs: number | undefined;

  constructor(options: KeepaliveOptions, clock: Clock, act: KeepaliveActs) {
    this.#options = options;
    this.#clock = clock;
    this.#act = act;
    this.#state = startKeepalive(options, clock.nowMs());
    this.#arm();
  }

  onPong(nonce: Id): void {
    this.#take(onPong(this.#state, this.#options, nonce, this.#clock.nowMs()));
  }

  /** While nothing is read there is nothing to wait for; calls nest. */
  pause(isPaused: boolean): void {
    this.#pauses += isPaused ? 1 : -1;
    if (!isPaused && this.#pauses === 0) {
      this.#state = onReadingResumed(this.#state, this.#options, this.#clock.nowMs());
    }
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  #arm(): void {
    this.#stopTimer();
    if (this.#isStopped || this.#pauses > 0) return;
    this.#stopTimer = this.#clock.after(keepaliveDueMs(this.#state) - this.#clock.nowMs(), () => {
      this.#take(onKeepaliveTime(this.#state, this.#options, this.#clock.nowMs()));
    });
  }

  #take({ state, effects }: KeepaliveStep): void {
    this.#state = state;
    this.#arm();
    for (const effect of effects) {
      if (effect.kind === "ping") this.#act.ping(effect.nonce);
      else if (effect.kind === "round-trip") this.#onRoundTrip(effect.ms);
      else this.#onDead();
    }
  }

  #onRoundTrip(ms: number): void {
    this.roundTripMs = ms;
    this.#hasDroppedLink = false;
  }

  // The next link may bring the Pong: the session ends only if that fails too.
  // r[impl session.keepalive]
  #onDead(): void {
    if (!this.#hasDroppedLink && this.#act.dropLink()) this.#hasDroppedLink = true;
    else this.#act.dead();
  }
}
