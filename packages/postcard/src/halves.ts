// A 64-bit integer is put together and taken apart in memory: arithmetic on a bigint makes a new
// one at each step, and is four times as slow.

/** One u64, the same as an i64, and its halves. */
export const asU64 = new BigUint64Array(1);
export const asI64 = new BigInt64Array(asU64.buffer);
export const halves = new Uint32Array(asU64.buffer);

/** Places of the halves, as this machine has them. */
export const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
export const HIGH = 1 - LOW;
