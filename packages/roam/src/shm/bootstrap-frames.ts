import { ProtocolError } from "../errors.ts";

/** "RSH0" and "RSP0". */
const REQUEST = Uint8Array.of(0x52, 0x53, 0x48, 0x30);
const RESPONSE = Uint8Array.of(0x52, 0x53, 0x50, 0x30);
const REQUEST_HEADER_BYTES = 6;
const RESPONSE_HEADER_BYTES = 11;
const MAX_TEXT_BYTES = 0xffff;
/** Longest request or response (bytes). */
export const MAX_FRAME_BYTES: number = RESPONSE_HEADER_BYTES + MAX_TEXT_BYTES;

// r[impl shm.bootstrap.status]
const SUCCESS = 0;
const ERROR = 1;

export interface BootstrapResponse {
  /** Of the guest; 0 for a refusal. */
  readonly peerId: number;
  readonly isSuccess: boolean;
  /** The segment's path, or why not. */
  readonly payload: Uint8Array;
}

/** @throws RangeError if the session id is too long */
// r[impl shm.bootstrap.request]
export function encodeRequest(sid: Uint8Array): Uint8Array {
  if (sid.length > MAX_TEXT_BYTES) throw new RangeError(`a session id of ${sid.length} bytes`);
  const bytes = new Uint8Array(REQUEST_HEADER_BYTES + sid.length);
  bytes.set(REQUEST);
  new DataView(bytes.buffer).setUint16(4, sid.length, true);
  bytes.set(sid, REQUEST_HEADER_BYTES);
  return bytes;
}

/**
 * The session id of a request.
 *
 * @returns undefined while more bytes are to come
 * @throws ProtocolError for what is no request
 */
// r[impl shm.bootstrap.sid]
export function decodeRequest(bytes: Uint8Array): Uint8Array | undefined {
  expectMagic(bytes, REQUEST, "shm.bootstrap.request");
  if (bytes.length < REQUEST_HEADER_BYTES) return undefined;
  const end = REQUEST_HEADER_BYTES + viewOf(bytes).getUint16(4, true);
  return isWhole(bytes, end, "shm.bootstrap.request") ? bytes.slice(REQUEST_HEADER_BYTES, end) : undefined;
}

// r[impl shm.bootstrap.response]
export function encodeResponse({ isSuccess, peerId, payload }: BootstrapResponse): Uint8Array {
  const kept = payload.subarray(0, MAX_TEXT_BYTES);
  const bytes = new Uint8Array(RESPONSE_HEADER_BYTES + kept.length);
  const view = viewOf(bytes);
  bytes.set(RESPONSE);
  view.setUint8(4, isSuccess ? SUCCESS : ERROR);
  view.setUint32(5, peerId, true);
  view.setUint16(9, kept.length, true);
  bytes.set(kept, RESPONSE_HEADER_BYTES);
  return bytes;
}

/**
 * @returns undefined while more bytes are to come
 * @throws ProtocolError for what is no response
 */
export function decodeResponse(bytes: Uint8Array): BootstrapResponse | undefined {
  expectMagic(bytes, RESPONSE, "shm.bootstrap.response");
  if (bytes.length < RESPONSE_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const status = view.getUint8(4);
  if (status !== SUCCESS && status !== ERROR)
    throw new ProtocolError("shm.bootstrap.status", `status ${status}`);
  const end = RESPONSE_HEADER_BYTES + view.getUint16(9, true);
  if (!isWhole(bytes, end, "shm.bootstrap.response")) return undefined;
  const peerId = view.getUint32(5, true);
  const isSuccess = status === SUCCESS;
  // r[impl shm.bootstrap.error]
  if (!isSuccess && peerId !== 0)
    throw new ProtocolError("shm.bootstrap.error", `a refusal for peer ${peerId}`);
  return { isSuccess, peerId, payload: bytes.slice(RESPONSE_HEADER_BYTES, end) };
}

/** As soon as it shows: what is not meant for us is not waited for. */
function expectMagic(bytes: Uint8Array, magic: Uint8Array, rule: string): void {
  if (magic.some((byte, index) => index < bytes.length && bytes[index] !== byte)) {
    throw new ProtocolError(rule, "something else than a bootstrap of shared memory");
  }
}

function isWhole(bytes: Uint8Array, end: number, rule: string): boolean {
  if (bytes.length > end) throw new ProtocolError(rule, `${bytes.length - end} bytes too many`);
  return bytes.length === end;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
