import type { Json, NeutralType } from "./neutral-type.ts";

export type Side = "initiator" | "acceptor";

/** A recorded session: what each side wrote, in wire order. */
export interface Transcript {
  readonly name: string;
  readonly conduit: "bare" | "stable";
  readonly service: string;
  readonly entries: readonly Entry[];
  /** Payloads that arrived, in order. */
  readonly initiator_to_acceptor: readonly string[];
  readonly acceptor_to_initiator: readonly string[];
  /** What the applications saw. */
  readonly outcome: readonly string[];
}

export type Entry = PayloadEntry | CloseEntry;

interface EntryBase {
  /** Counts reconnects from 0. */
  readonly link: number;
  readonly from: Side;
  /** A remark on what happened just before. */
  readonly before?: string;
}

export interface PayloadEntry extends EntryBase {
  readonly hex: string;
  readonly decoded: Json;
  /**
   * `lost`: taken off the wire, and the link cut. `injected`: written in that side's name, where
   * no published peer would send it.
   */
  readonly fate: "delivered" | "lost" | "injected";
}

/** The side ended its direction. */
export interface CloseEntry extends EntryBase {
  readonly closes: true;
}

export interface RecordedService {
  readonly service: string;
  readonly methods: readonly RecordedMethod[];
}

export interface RecordedMethod {
  readonly name: string;
  readonly method_id: string;
  readonly method_id_hex: string;
  readonly args: readonly { readonly name: string; readonly type: NeutralType }[];
  readonly ret: NeutralType;
}

export function isPayload(entry: Entry): entry is PayloadEntry {
  return "hex" in entry;
}

export function otherSide(side: Side): Side {
  return side === "initiator" ? "acceptor" : "initiator";
}
