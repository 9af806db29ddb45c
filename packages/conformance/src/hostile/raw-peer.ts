import { decodeMessage, type Message, Metadata, type MetadataInit } from "roam/wire";
import { Reader, Writer } from "roam-postcard";
import { frameOf, knock } from "../attack/knock.ts";
import { RawSocket } from "../attack/raw-link.ts";
import { within } from "../interop/case.ts";
import { encoded } from "../replay/scene.ts";
import { Difference } from "../vectors/tally.ts";
import { Target } from "./target-service.ts";

/** Longest wait for what is due at once (ms): a limit for what hangs, not a measure. */
const PATIENCE_MS = 10_000;

/** A session's counterpart that keeps to no rule, on a bare conduit over TCP. */
export class RawPeer {
  readonly link: RawSocket;
  readonly #seen = new Map<Message["tag"], number>();
  /** Bytes of answers. */
  answerBytes = 0;
  /** What the server said when it hung up. */
  error: string | undefined;

  protected constructor(link: RawSocket) {
    this.link = link;
  }

  /** A session that is set up. */
  static async open(
    port: number,
    options: { metadata?: MetadataInit; from?: string } = {},
  ): Promise<RawPeer> {
    const peer = new RawPeer(await RawSocket.dial(port, options.from));
    peer.send(helloOf(options.metadata));
    const answer = await peer.link.next("HelloYourself");
    if (answer === undefined || decoded(answer).tag !== "HelloYourself")
      throw new Difference("the session was not set up");
    peer.link.take((payload) => peer.take(payload));
    return peer;
  }

  /** How many messages came. */
  seen(tag: Message["tag"]): number {
    return this.#seen.get(tag) ?? 0;
  }

  /** In one write. */
  send(...messages: readonly Message[]): void {
    this.link.writeBytes(framed(...messages));
  }

  /** Waits until the server has ended the session. @returns what it said, empty if nothing */
  async untilEnd(limitMs = PATIENCE_MS): Promise<string> {
    await this.link.untilEnd("the end of the attacker's session", limitMs);
    return this.error ?? "";
  }

  /** @throws Difference if the server does not end the session over this rule */
  async expectViolation(rule: string): Promise<void> {
    const said = await this.untilEnd();
    if (!said.startsWith(`${rule}:`))
      throw new Difference(`expected ${rule} to be broken, got ${said || "no reason"}`);
  }

  /** The server has done all that was asked before. */
  async settle(): Promise<void> {
    const nonce = 1_000_000 + this.seen("Pong");
    const before = this.seen("Pong");
    this.send({ tag: "Ping", connectionId: 0, nonce });
    const limitMs = performance.now() + PATIENCE_MS;
    while (this.seen("Pong") === before) {
      if (this.link.hasEnded) throw new Difference(`the session has ended: ${this.error}`);
      if (performance.now() > limitMs) throw new Difference("no Pong");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  protected take(payload: Uint8Array): void {
    const message = decoded(payload);
    this.#seen.set(message.tag, this.seen(message.tag) + 1);
    if (message.tag === "ProtocolError") this.error = message.description;
    if (message.tag === "RequestResponse") this.answerBytes += (message.ret as Uint8Array).length;
  }
}

/** The same on a stable conduit; it acknowledges what it reads unless told not to. */
export class StablePeer {
  readonly link: RawSocket;
  readonly key: Uint8Array;
  received: number | undefined;
  #sent = 0;

  private constructor(link: RawSocket, key: Uint8Array) {
    this.link = link;
    this.key = key;
  }

  static async open(port: number): Promise<StablePeer> {
    const link = await RawSocket.dial(port);
    const hello = await knock(link);
    if (hello === undefined || hello.isRejected) throw new Difference("no new session");
    const peer = new StablePeer(link, hello.resumeKey);
    peer.send(helloOf());
    if ((await link.next("HelloYourself")) === undefined) throw new Difference("the session was not set up");
    peer.received = 0;
    return peer;
  }

  send(message: Message): void {
    this.link.send(frameOf(this.#sent++, this.received, encoded(message)));
  }
}

export function helloOf(metadata?: MetadataInit): Message {
  const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
  return { tag: "Hello", connectionId: 0, version: 7, settings, metadata: Metadata.from(metadata) };
}

/** A call with the bytes of its arguments, right or wrong. */
export function callOf(
  method: string,
  id: number,
  args: Uint8Array | readonly number[] = [],
  more: {
    readonly channels?: readonly number[];
    readonly metadata?: MetadataInit;
    readonly connectionId?: number;
  } = {},
): Message {
  const described = Target.descriptors().get(method);
  if (described === undefined) throw new TypeError(`no method ${method}`);
  return {
    tag: "RequestCall",
    connectionId: more.connectionId ?? 0,
    id,
    methodLo: described.idLo,
    methodHi: described.idHi,
    channels: more.channels ?? [],
    metadata: Metadata.from(more.metadata),
    args: Uint8Array.from(args),
  };
}

/** Messages behind their lengths, as they stand on the wire. */
export function framed(...messages: readonly Message[]): Uint8Array {
  return Buffer.concat(messages.map((message) => prefixed(encoded(message))));
}

/** A payload behind its length. */
export function prefixed(payload: Uint8Array, length = payload.length): Uint8Array {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length);
  return Buffer.concat([prefix, payload]);
}

/** A varint, for counts and lengths that are made up. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

/** Bytes as an argument: behind their length. */
export function bytesOf(bytes: Uint8Array): Uint8Array {
  const writer = new Writer();
  writer.raw(Uint8Array.from(varint(bytes.length)));
  writer.raw(bytes);
  return writer.finish();
}

function decoded(payload: Uint8Array): Message {
  return decodeMessage(new Reader(payload));
}

/** Waits until something is so, however it comes about. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  limitMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Difference(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export { within };
