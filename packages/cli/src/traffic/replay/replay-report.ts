import type { ValueDifference } from "./compare-values.ts";

/** Something that went otherwise than in the capture. */
export interface Difference {
  /** Of the capture that says how it was. */
  readonly line: number;
  readonly session: number;
  /** `Billing.lookup`, with the channel behind a dot; undefined for what is about no method. */
  readonly method?: string;
  readonly what: string;
  /** Whole payloads, or what stood in their place. */
  readonly recorded?: string;
  readonly got?: string;
  /** Place by place, where the schema says what the payloads are. */
  readonly places?: readonly ValueDifference[];
}

/** Counts of a replay. */
export interface ReplayCounts {
  calls: number;
  /** Answers that were compared. */
  answers: number;
  items: number;
  /** Calls given up in the capture: what comes of them is chance. */
  cancelled: number;
  /** Messages that made no sense any more, after a difference. */
  skipped: number;
  differences: number;
}

export interface ReplayReport {
  readonly counts: ReplayCounts;
  differ(difference: Difference): void;
}
