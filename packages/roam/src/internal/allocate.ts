type Allocate = (length: number) => Uint8Array;
const node = (globalThis as { Buffer?: { allocUnsafeSlow?: Allocate } }).Buffer;

/**
 * An array for one who fills all of it: where the platform can, it is not cleared first. Its
 * buffer is its own.
 */
export const allocate: Allocate =
  node?.allocUnsafeSlow === undefined
    ? (length) => new Uint8Array(length)
    : // A Buffer is a Uint8Array, but its `slice` is another one: users get plain arrays.
      (length) => new Uint8Array((node.allocUnsafeSlow as Allocate)(length).buffer);
