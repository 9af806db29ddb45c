import assert from "node:assert/strict";
import { fail, type Handlers, method, service, t } from "roam";
import { BareConduit } from "roam/conduit";
import type { Link } from "roam/link";
import { establish, messageFamily, type Session, type SessionOptions } from "roam/session";
import { type ScriptedHandshake, type ScriptedPeer, scriptedPeer, settled, VirtualClock } from "roam/testing";
import { type Id, type Message, Metadata, type MetadataInit, type Parity } from "roam/wire";

export type Role = Session["role"];

/** A session of ours whose counterpart is the test, on a clock that stands still. */
export interface Scripted extends AsyncDisposable {
  readonly session: Session;
  readonly peer: ScriptedPeer;
  readonly clock: VirtualClock;
  readonly link: Link;
  /** What handlers and acceptors failed with. */
  readonly failures: unknown[];
}

/** The session takes `role`, with odd ids as initiator and even ones as acceptor, unless told otherwise. */
export async function scripted(
  role: Role,
  options: SessionOptions = {},
  handshake: ScriptedHandshake = {},
): Promise<Scripted> {
  const clock = new VirtualClock();
  const failures: unknown[] = [];
  const { link, peer } = scriptedPeer();
  const establishing = establish(new BareConduit(link, messageFamily), role, {
    clock,
    keepAlive: true,
    onHandlerError: (error) => failures.push(error),
    ...options,
  });
  if (role === "initiator") await peer.handshake("acceptor", handshake);
  else await peer.handshake("initiator", handshake);
  const session = await establishing;
  return {
    session,
    peer,
    clock,
    link,
    failures,
    async [Symbol.asyncDispose]() {
      peer.script.link.rx.resume();
      peer.die();
      await session.ended;
      await settled();
      assert.equal(clock.pending, 0, "no timer is left");
      assert.equal(session.bufferedBytes, 0, "no bytes are left");
    },
  };
}

/** The end as the counterpart sees it: told of the broken rule, then nothing more. */
export async function expectViolation({ peer, session }: Scripted, rule: string): Promise<void> {
  const told = await peer.expect("ProtocolError");
  assert.equal(told.connectionId, 0);
  assert(told.description.includes(rule), `${told.description} names ${rule}`);
  await peer.expectEnd();
  const cause = await session.ended;
  assert.equal(cause.code, "protocol-error");
  assert.equal("rule" in cause ? cause.rule : undefined, rule);
}

const metadata = Metadata.EMPTY;

export function openOf(id: Id, parity: Parity = "odd", init?: MetadataInit): Message {
  const settings = { parity, maxConcurrentRequests: 64 };
  return { tag: "ConnectionOpen", connectionId: id, settings, metadata: Metadata.from(init) };
}

export function acceptOf(id: Id, parity: Parity = "even", maxConcurrentRequests = 64): Message {
  return { tag: "ConnectionAccept", connectionId: id, settings: { parity, maxConcurrentRequests }, metadata };
}

export function rejectOf(id: Id, init?: MetadataInit): Message {
  return { tag: "ConnectionReject", connectionId: id, metadata: Metadata.from(init) };
}

export function closeOf(id: Id): Message {
  return { tag: "ConnectionClose", connectionId: id, metadata };
}

/** What the tests here call: a part of the service that all peers have. */
export const Testbed = service("Testbed", {
  echo: method({ message: t.string }, t.string),
  divide: method(
    { dividend: t.i64, divisor: t.i64 },
    t.i64,
    t.enum("MathError", { DivisionByZero: t.unit, Overflow: t.unit }),
  ),
  sum: method({ numbers: t.rx(t.i32) }, t.i64),
  generate: method({ count: t.u32, output: t.tx(t.i32) }),
  transform: method({ input: t.rx(t.string), output: t.tx(t.string) }),
});

export type TestbedMethods = (typeof Testbed)["methods"];

export const testbedHandlers: Handlers<TestbedMethods> = {
  echo: ({ message }) => message,
  divide: ({ dividend, divisor }) => (divisor === 0n ? fail("DivisionByZero") : dividend / divisor),
  async sum({ numbers }) {
    let total = 0n;
    for await (const number of numbers) total += BigInt(number);
    return total;
  },
  async generate({ count, output }) {
    for (let number = 0; number < count; number++) await output.send(number);
  },
  async transform({ input, output }) {
    for await (const part of input) await output.send(part);
  },
};

/** A Call of a Testbed method as a peer sends it. */
export function callOf(
  method: keyof TestbedMethods & string,
  id: Id,
  more: {
    readonly connectionId?: Id;
    readonly args?: readonly number[] | Uint8Array;
    readonly channels?: readonly Id[];
    readonly metadata?: Metadata;
  } = {},
): Extract<Message, { tag: "RequestCall" }> {
  const described = Testbed.descriptors().get(method);
  assert(described !== undefined);
  return {
    tag: "RequestCall",
    connectionId: more.connectionId ?? 0,
    id,
    methodLo: described.idLo,
    methodHi: described.idHi,
    channels: more.channels ?? [],
    metadata: more.metadata ?? metadata,
    args: Uint8Array.from(more.args ?? []),
  };
}

export function responseOf(id: Id, ret: readonly number[], connectionId: Id = 0): Message {
  return { tag: "RequestResponse", connectionId, id, channels: [], metadata, ret: Uint8Array.from(ret) };
}

/** A string as an argument or, behind 0, as an answer. */
export function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  assert(bytes.length < 128);
  return [bytes.length, ...bytes];
}

/** How a promise settled, without waiting for it to. */
export interface Watched {
  /** Undefined while pending; an error's code, or what came of it. */
  outcome: unknown;
  /** Times that it settled. */
  times: number;
}

export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { outcome: undefined, times: 0 };
  const settle = (outcome: unknown) => {
    watched.times++;
    watched.outcome = outcome;
  };
  promise.then(
    (value) => settle({ value }),
    (error: unknown) => settle(error instanceof Error && "code" in error ? error.code : error),
  );
  return watched;
}
