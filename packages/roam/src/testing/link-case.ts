import type { Link, LinkPermit, LinkTx } from "../link/link.ts";
import type { LinkReceiver } from "../link/link-receiver.ts";
import { claim, claimBytes, within } from "./claims.ts";
import { nextRound, settled } from "./settled.ts";

/** What not every kind of link can do; the contract leaves these open. */
export interface LinkTraits {
  /** After the close of one direction the other goes on. A WebSocket closes both. */
  readonly isHalfOpen: boolean;
  /** A paused reader stops its sender. The browser's WebSocket cannot be paused. */
  readonly isPausable: boolean;
}

/** Two ends that are linked to each other, fresh for each case. */
export type MakeLinkPair = () => Promise<readonly [Link, Link]> | readonly [Link, Link];

/** One promise of the link contract, as data: any runner can run it over any kind of link. */
export interface LinkCase {
  readonly name: string;
  /** Ids of the rules that would be broken if this failed. */
  readonly rules: readonly string[];
  readonly needs?: keyof LinkTraits;
  /** Rejects if the promise is broken. Both ends are destroyed afterwards. */
  run(makePair: MakeLinkPair): Promise<void>;
}

/** A case may take this long (ms), which is a hundred times what it needs. */
const CASE_TIMEOUT_MS = 10_000;

export function linkCase(
  name: string,
  rules: readonly string[],
  body: (here: Link, there: Link) => Promise<void>,
  needs?: keyof LinkTraits,
): LinkCase {
  const run = async (makePair: MakeLinkPair) => {
    const [here, there] = await makePair();
    try {
      await within(body(here, there), name, CASE_TIMEOUT_MS);
    } finally {
      here.destroy();
      there.destroy();
    }
  };
  return needs === undefined ? { name, rules, run } : { name, rules, needs, run };
}

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** Sends one payload, waiting for a permit where the link asks for it. */
export async function sendPayload(tx: LinkTx, payload: Uint8Array): Promise<void> {
  writePayload(tx.tryReserve() ?? (await tx.reserve()), payload);
}

export async function sendAll(tx: LinkTx, payloads: readonly Uint8Array[]): Promise<void> {
  for (const payload of payloads) await sendPayload(tx, payload);
}

export function writePayload(permit: LinkPermit, payload: Uint8Array): void {
  permit.write(payload, (writer, bytes) => writer.raw(bytes));
}

/** Sends one payload through a slot of exactly its length. */
export async function commitPayload(tx: LinkTx, payload: Uint8Array): Promise<void> {
  const slot = (await tx.reserve()).alloc(payload.length);
  slot.bytes.set(payload);
  slot.commit();
}

export async function claimReceives(
  receiver: LinkReceiver,
  payloads: readonly Uint8Array[],
  what = "payload",
): Promise<void> {
  for (const [index, payload] of payloads.entries()) {
    claimBytes(await receiver.recv(), payload, `${what} ${index}`);
  }
}

export async function claimEnded(receiver: LinkReceiver): Promise<void> {
  for (let time = 0; time < 3; time++) {
    claim((await receiver.recv()) === null, "expected the end of the stream, again and again");
  }
}

/** Takes all permits that can be had without a wait. */
export function takeAllPermits(tx: LinkTx): LinkPermit[] {
  const permits: LinkPermit[] = [];
  for (;;) {
    const permit = tx.tryReserve();
    if (permit === undefined) return permits;
    permits.push(permit);
    claim(permits.length < 1_000_000, "permits are not bounded");
  }
}

export function releaseAll(permits: readonly LinkPermit[]): void {
  for (const permit of permits) permit.release();
}

/** Permits to be had now without a wait; they are given back. */
export function capacityOf(tx: LinkTx): number {
  const permits = takeAllPermits(tx);
  releaseAll(permits);
  return permits.length;
}

/** Waits until the link has all its capacity again; what leaks keeps it waiting for ever. */
export async function regainsCapacity(tx: LinkTx, full: number): Promise<void> {
  for (let round = 0; round < 5_000; round++) {
    if (capacityOf(tx) === full) return;
    await nextRound();
  }
  claim(false, `capacity leaked: ${capacityOf(tx)} permits of ${full}`);
}

/** Rest, where kernels and sockets lie between the ends. */
export function settledOverSockets(activity: () => number): Promise<void> {
  return settled(activity, 200);
}
