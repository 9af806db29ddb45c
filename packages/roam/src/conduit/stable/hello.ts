import { DecodeError } from "roam-postcard";

/** Length of either hello (bytes). */
export const HELLO_BYTES = 25;
/** Length of a resume key (bytes). */
export const RESUME_KEY_BYTES = 16;

/** Names the session of a returning client; made by the server, opaque to the client. */
export type ResumeKey = Uint8Array;

/** What a client says first on a link. */
export interface ClientHello {
  /** Absent for a new session. */
  readonly resumeKey: ResumeKey | undefined;
  /** Highest sequence number received, absent when none. */
  readonly lastReceived: number | undefined;
}

/** The answer to a ClientHello. */
export interface ServerHello {
  /** The resume was refused: the session is lost, and the key is zeros. */
  readonly isRejected: boolean;
  /** For the client's next attempt. */
  readonly resumeKey: ResumeKey;
  /** Highest sequence number received, absent when none. */
  readonly lastReceived: number | undefined;
}

const CLIENT_MAGIC = 0x524f_4348; // "ROCH"
const SERVER_MAGIC = 0x524f_5348; // "ROSH"
const HAS_RESUME_KEY = 1;
const IS_REJECTED = 1;
const HAS_LAST_RECEIVED = 2;

/**
 * First payload on every link, initiator to acceptor: 25 bytes, little-endian.
 *
 *   0..4   magic "ROCH"             5..21   resume key, zeros if absent
 *   4      flags: 1 key, 2 number   21..25  last received number (u32), zero if absent
 *
 * @throws RangeError for a key that is not 16 bytes
 */
// r[impl stable.handshake.client-hello]
export function encodeClientHello({ resumeKey, lastReceived }: ClientHello): Uint8Array {
  const flags = (resumeKey === undefined ? 0 : HAS_RESUME_KEY) | numberFlag(lastReceived);
  return encodeHello(CLIENT_MAGIC, flags, resumeKey ?? new Uint8Array(RESUME_KEY_BYTES), lastReceived);
}

/**
 * Unknown flags are ignored.
 *
 * @throws DecodeError for another length or magic
 */
export function decodeClientHello(payload: Uint8Array): ClientHello {
  const { flags, resumeKey, lastReceived } = decodeHello("client hello", CLIENT_MAGIC, payload);
  return { resumeKey: (flags & HAS_RESUME_KEY) === 0 ? undefined : resumeKey, lastReceived };
}

/**
 * The acceptor's answer: as the client's hello, with magic "ROSH", flag 1 for a refusal, and
 * always a key.
 *
 * @throws RangeError for a key that is not 16 bytes
 */
// r[impl stable.handshake.server-hello]
export function encodeServerHello({ isRejected, resumeKey, lastReceived }: ServerHello): Uint8Array {
  const flags = (isRejected ? IS_REJECTED : 0) | numberFlag(lastReceived);
  return encodeHello(SERVER_MAGIC, flags, resumeKey, lastReceived);
}

/**
 * Unknown flags are ignored.
 *
 * @throws DecodeError for another length or magic
 */
export function decodeServerHello(payload: Uint8Array): ServerHello {
  const { flags, resumeKey, lastReceived } = decodeHello("server hello", SERVER_MAGIC, payload);
  return { isRejected: (flags & IS_REJECTED) !== 0, resumeKey, lastReceived };
}

/** True if a payload starts with a ClientHello's magic, whatever its length. */
export function hasClientMagic(payload: Uint8Array): boolean {
  return payload.length >= 4 && viewOf(payload).getUint32(0) === CLIENT_MAGIC;
}

function numberFlag(lastReceived: number | undefined): number {
  return lastReceived === undefined ? 0 : HAS_LAST_RECEIVED;
}

function encodeHello(magic: number, flags: number, key: ResumeKey, lastReceived = 0): Uint8Array {
  if (key.length !== RESUME_KEY_BYTES) throw new RangeError(`resume key of ${key.length} bytes`);
  const payload = new Uint8Array(HELLO_BYTES);
  const view = viewOf(payload);
  view.setUint32(0, magic);
  view.setUint8(4, flags);
  payload.set(key, 5);
  view.setUint32(21, lastReceived, true);
  return payload;
}

function decodeHello(what: string, magic: number, payload: Uint8Array) {
  if (payload.length !== HELLO_BYTES) {
    throw new DecodeError(`${what} of ${payload.length} bytes`, payload.length);
  }
  const view = viewOf(payload);
  if (view.getUint32(0) !== magic) throw new DecodeError(`${what} with a wrong magic`, 0);
  const flags = view.getUint8(4);
  return {
    flags,
    // A copy: keys outlive the payload they came in.
    resumeKey: payload.slice(5, 5 + RESUME_KEY_BYTES),
    lastReceived: (flags & HAS_LAST_RECEIVED) === 0 ? undefined : view.getUint32(21, true),
  };
}

function viewOf(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
}
