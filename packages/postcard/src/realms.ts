// Values that were made in another realm (a frame, a vm context, the sandbox of a test runner) are no instances of
// the classes of this one, and are as good.

export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || (ArrayBuffer.isView(value) && tagOf(value) === "[object Uint8Array]");
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return value instanceof ArrayBuffer || tagOf(value) === "[object ArrayBuffer]";
}

export function isSet(value: unknown): value is Set<unknown> {
  return value instanceof Set || tagOf(value) === "[object Set]";
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map || tagOf(value) === "[object Map]";
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
