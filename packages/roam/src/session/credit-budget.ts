import type { CreditBudget } from "../channel/credit.ts";
import type { Clock } from "../internal/clock.ts";
import type { Limits } from "../limits.ts";

/** What the receivers of one session may grant ahead. */
export function creditBudget(limits: Limits, clock: Clock, heldBytes: () => number): CreditBudget {
  return {
    maxItems: limits.maxChannelBufferItems,
    maxBytes: limits.maxChannelBufferBytes,
    hasSessionRoom: () => heldBytes() < limits.maxSessionBufferBytes,
    nowMs: () => clock.nowMs(),
  };
}
