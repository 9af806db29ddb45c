import type { Tx } from "../channel/tx.ts";
import { RoamError } from "../errors.ts";

/**
 * Sends everything that an iterable gives, at the receiver's pace, then closes the channel.
 * Stops quietly, and ends the iterable, when the receiver wants no more or the call is over.
 *
 * @param onSourceError the iterable threw, or gave what is not an item
 */
export async function pump(
  source: unknown,
  tx: Tx<unknown>,
  onSourceError: (error: unknown) => void,
): Promise<void> {
  try {
    if (!isIterable(source))
      throw new TypeError("expected an iterable of items, or a handle made by channel()");
    for await (const item of source) await tx.send(item);
    await tx.close();
  } catch (error) {
    if (error instanceof RoamError && STOPS.has(error.code)) return;
    onSourceError(error);
  }
}

/** How a channel ends for reasons that the call itself reports. */
const STOPS: ReadonlySet<string> = new Set([
  "channel-reset",
  "closed",
  "protocol-error",
  "keepalive",
  "session-lost",
  "io",
  "cancelled",
  "deadline-exceeded",
  "aborted",
]);

function isIterable(source: unknown): source is AsyncIterable<unknown> | Iterable<unknown> {
  return (
    typeof source === "object" &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source)
  );
}
