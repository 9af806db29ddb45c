const leases = new WeakMap<object, () => void>();
// A net for those who forget: what was lent comes back at some time, unless it is still referred to.
const forgotten = new FinalizationRegistry<() => void>((free) => free());

/**
 * Somebody refers to a slot by `holder`, until it is released or garbage.
 *
 * @param free is called once; it must not refer to the holder
 */
export function lend(holder: object, free: () => void): void {
  leases.set(holder, free);
  forgotten.register(holder, free, holder);
}

/**
 * Gives back what came over shared memory in place, a byte array (`link.rx.lends = "bytes"`) or a `LentPayload`: its
 * bytes are somebody else's from now on. Does nothing for any other, nor a second time.
 */
export function release(holder: object): void {
  const free = leases.get(holder);
  if (free === undefined) return;
  leases.delete(holder);
  forgotten.unregister(holder);
  free();
}
