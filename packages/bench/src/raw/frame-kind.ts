/** What a frame is for. */
export const FrameKind = {
  /** A number, to be answered with its successor. */
  call: 0,
  answer: 1,
  echo: 2,
  echoed: 3,
  /** Asks for items, for as many ms as the number says. */
  down: 4,
  /** Announces items; answered. */
  up: 5,
  item: 6,
  /** Ends the items, with their count; of an `up`, answered with the count of the far side. */
  end: 7,
  /** So many items more may come. */
  grant: 8,
} as const;

/** Echoes carry bytes, all others a number. */
export function carriesBytes(kind: number): boolean {
  return kind === FrameKind.echo || kind === FrameKind.echoed;
}
