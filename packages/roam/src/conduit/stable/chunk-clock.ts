import type { Reader } from "roam-postcard";
import type { Clock } from "../../internal/clock.ts";

/** What a stream link has before each payload. */
const LINK_PREFIX_BYTES = 4;

/** The time, asked for once for all payloads of a chunk: asking costs as much as a small frame. */
export class ChunkClock implements Pick<Clock, "nowMs"> {
  readonly #clock: Clock;
  #ms: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A payload came. The first of a chunk stands behind a length at most, the others came with it. */
  onPayload(payload: Reader): void {
    if (payload.start <= LINK_PREFIX_BYTES) this.#ms = undefined;
  }

  nowMs(): number {
    this.#ms ??= this.#clock.nowMs();
    return this.#ms;
  }
}
