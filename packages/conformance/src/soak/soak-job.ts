import type { ConduitState, Session } from "roam";

/** What one of our processes is to do. */
export interface SoakJob {
  readonly sends: boolean;
  /** Where to dial; without it the process listens. */
  readonly address?: string;
  readonly count: number;
  readonly itemBytes: number;
  readonly budgetBytes: number;
}

/** How far an end has come, and what it waits for. */
export interface SoakStatus {
  readonly items: number;
  readonly state: ConduitState | undefined;
  readonly replay: Session["replay"];
}

/** What an end made of its stream. */
export interface SoakOutcome {
  /** Sent, or received and each counted once. */
  readonly items: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly damaged: number;
  /** From the call to its end. */
  readonly seconds: number;
  /** Of the process, since its start. */
  readonly peakRssBytes: number;
  /** Most that waited for an ack at a time; undefined where nobody tells. */
  readonly replayPeakBytes: number | undefined;
}

/** What one of our processes tells. */
export type SoakNews =
  | { readonly kind: "listening"; readonly address: string }
  | { readonly kind: "status"; readonly status: SoakStatus }
  | { readonly kind: "done"; readonly outcome: SoakOutcome };
