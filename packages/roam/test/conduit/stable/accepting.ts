import assert from "node:assert/strict";
import { InboundConduits, type InboundOptions } from "../../../src/conduit/inbound-conduits.ts";
import {
  type ClientHello,
  decodeServerHello,
  encodeClientHello,
  RESUME_KEY_BYTES,
} from "../../../src/conduit/stable/hello.ts";
import { StableConduit } from "../../../src/conduit/stable/stable-conduit.ts";
import type { Link } from "../../../src/link/link.ts";
import { type ScriptedLink, scriptedLink, settled, VirtualClock } from "../../../src/testing/index.ts";
import { collect, family, frame } from "./harness.ts";

/** The ServerHello that refuses: flag 1, a key of zeros, no number. */
export const REJECTION = Uint8Array.of(0x52, 0x4f, 0x53, 0x48, 1, ...new Uint8Array(20));

/** The n-th key that an `Accepting` gives out, from 1. */
export function keyOf(n: number): Uint8Array {
  return new Uint8Array(RESUME_KEY_BYTES).fill(n);
}

/** An accepting side of conduits whose links, keys and clock are in the test's hands. */
export class Accepting {
  readonly clock = new VirtualClock();
  readonly inbound: InboundConduits<string>;
  #keys = 0;

  constructor(options: InboundOptions = {}) {
    this.inbound = new InboundConduits(family, {
      clock: this.clock,
      randomBytes: (length) =>
        length === RESUME_KEY_BYTES ? keyOf(++this.#keys) : new Uint8Array(length).fill(7),
      ...options,
    });
  }

  get sessions(): number {
    return this.inbound.stable.sessions;
  }

  get detached(): number {
    return this.inbound.stable.detached.sessions;
  }

  /** A link comes in. @param wrap what the accepting side gets instead of it */
  arrive(wrap = (link: Link) => link, signal?: AbortSignal) {
    const { link, script: far } = scriptedLink();
    const accepted = this.inbound.accept(wrap(link), signal);
    accepted.catch(() => {});
    return { far, accepted };
  }

  /** The same, with its ClientHello on the way. */
  async knock(hello: Partial<ClientHello> = {}, wrap?: (link: Link) => Link) {
    const { far, accepted } = this.arrive(wrap);
    await far.send(encodeClientHello({ resumeKey: undefined, lastReceived: undefined, ...hello }));
    return { far, accepted };
  }

  /** A new session, whose key is the next one. */
  async open(wrap?: (link: Link) => Link) {
    const { far, accepted } = await this.knock({}, wrap);
    const hello = decodeServerHello(await far.expect("a ServerHello"));
    const conduit = await accepted;
    assert.ok(conduit instanceof StableConduit);
    const { tx, rx } = conduit.split();
    return { far, conduit, tx, rx, hello };
  }

  /** A new session after its first frame (`0 - hi`), with what it delivers. */
  async born(wrap?: (link: Link) => Link) {
    const opened = await this.open(wrap);
    const seen = collect(opened.rx);
    await opened.far.send(frame(0, undefined, "hi"));
    await settled();
    return { ...opened, seen };
  }

  /** A client comes back and is taken. */
  async resume(resumeKey: Uint8Array, lastReceived?: number) {
    const { far, accepted } = await this.knock({ resumeKey, lastReceived });
    const hello = decodeServerHello(await far.expect("a ServerHello"));
    assert.equal(await accepted, undefined, "no new session");
    assert.equal(hello.isRejected, false);
    return { far, hello };
  }

  /** A client comes back and is refused. @returns why */
  async refused(hello: Partial<ClientHello>): Promise<string> {
    const { far, accepted } = await this.knock(hello);
    await far.expectBytes(REJECTION, "the refusal");
    await far.expectEnd();
    return reasonOf(accepted);
  }
}

/** Why a link was not taken. */
export async function reasonOf(accepted: Promise<unknown>): Promise<string> {
  const outcome = await accepted.then(
    () => "it was taken",
    (error: { code?: string; reason?: string }) => error,
  );
  assert.ok(typeof outcome === "object", String(outcome));
  assert.equal(outcome.code, "handshake");
  return outcome.reason ?? "";
}

/** A link that cannot be closed from here, as a TCP connection whose far host is cut off. */
export function halfOpen(link: Link): Link {
  return { tx: link.tx, rx: link.rx, peer: link.peer, destroy() {} };
}

/** Shows that a session goes on: an item each way, by the link with that far end. */
export async function expectAlive(
  far: ScriptedLink,
  session: Awaited<ReturnType<Accepting["born"]>>,
  text = "still here",
): Promise<void> {
  const { conduit, tx, seen } = session;
  const { sent, received } = conduit.replay;
  await far.send(frame((received ?? -1) + 1, sent, text));
  await settled();
  assert.equal(seen.got.at(-1), text);
  tx.tryReserve()?.send(text);
  await settled();
  assert.ok(far.waiting > 0, "an item came");
  for (; far.waiting > 0; ) await far.expect();
  await far.send(frame((received ?? -1) + 1, conduit.replay.sent, text));
  await settled();
  assert.equal(conduit.replay.frames, 0, "all is acknowledged");
}
