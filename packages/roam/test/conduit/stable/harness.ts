import assert from "node:assert/strict";
import { compile, Reader, t, Writer } from "roam-postcard";
import type { ConduitRx, MessageFamily } from "../../../src/conduit/conduit.ts";
import type { ConduitState } from "../../../src/conduit/conduit-state.ts";
import { readFrame, writeFrameHeader } from "../../../src/conduit/stable/frame.ts";
import { type ClientHello, decodeClientHello, encodeServerHello } from "../../../src/conduit/stable/hello.ts";
import type { StableConduit } from "../../../src/conduit/stable/stable-conduit.ts";
import { connectStable, type StableInitiatorOptions } from "../../../src/conduit/stable/stable-initiator.ts";
import { Inbox } from "../../../src/internal/inbox.ts";
import { type ScriptedLink, scriptedLink, VirtualClock } from "../../../src/testing/index.ts";

const { schema, encode, decode } = compile(t.string);

/** Plain strings; the fillers are never sent as items. */
export const family: MessageFamily<string> = {
  schema,
  encode,
  decode,
  fillers: { ack: "*ack", close: "*close", solicit: "*solicit" },
};

/** UTF-16 that is no Unicode text has no encoding. */
export const UNENCODABLE = "\ud800";

export function frame(seq: number, ack: number | undefined, item: string): Uint8Array {
  const writer = new Writer();
  writeFrameHeader(writer, seq, ack);
  encode(writer, item);
  return writer.finish();
}

/** `SEQ ACK ITEM`, the ack `-` when absent. */
export function shown(payload: Uint8Array): string {
  const reader = new Reader(payload);
  const { seq, ack } = readFrame(reader);
  return `${seq} ${ack ?? "-"} ${decode(reader)}`;
}

export async function expectFrames(far: ScriptedLink, ...expected: string[]): Promise<void> {
  for (const text of expected) assert.equal(shown(await far.expect(text)), text);
}

export function expectNothing(far: ScriptedLink): Promise<void> {
  return far.expectNothing(shown);
}

/** What a conduit delivers, as it comes. */
export function collect(rx: ConduitRx<string>) {
  const got: string[] = [];
  const seen: { got: string[]; end: { cause: unknown } | undefined } = { got, end: undefined };
  rx.start(
    (item) => got.push(item),
    (cause) => {
      seen.end = { cause };
    },
  );
  return seen;
}

/** A dialling stable conduit whose peer is in the test's hands, link by link. */
export class Dialled {
  readonly clock = new VirtualClock();
  readonly states: ConduitState[] = [];
  readonly connecting: Promise<StableConduit<string>>;
  /** What the next dial fails by. */
  outage: Error | undefined;
  wakeUp: (() => void) | undefined;
  dials = 0;
  readonly #links = new Inbox<ScriptedLink>();

  constructor(options: Partial<StableInitiatorOptions<string>> = {}) {
    const source = {
      next: async () => {
        this.dials++;
        if (this.outage !== undefined) throw this.outage;
        const { link, script } = scriptedLink();
        this.#links.push(script);
        return link;
      },
      onWakeUp: (retry: () => void) => {
        this.wakeUp = retry;
        return () => {
          this.wakeUp = undefined;
        };
      },
    };
    this.connecting = connectStable(source, {
      family,
      clock: this.clock,
      random: () => 0.5,
      onState: (state) => this.states.push(state),
      ...options,
    });
    this.connecting.catch(() => {});
  }

  /** The far end of the next link. */
  async link(): Promise<ScriptedLink> {
    const far = await this.#links.take();
    assert.ok(far !== null);
    return far;
  }

  /** The same, with the handshake done. @returns the ClientHello too */
  async accept(lastReceived?: number, key = 1): Promise<{ far: ScriptedLink; hello: ClientHello }> {
    const far = await this.link();
    const hello = decodeClientHello(await far.expect("a ClientHello"));
    await far.send(
      encodeServerHello({ isRejected: false, resumeKey: new Uint8Array(16).fill(key), lastReceived }),
    );
    return { far, hello };
  }

  /** Connected, with the first link's far end. */
  async up() {
    const { far } = await this.accept();
    const conduit = await this.connecting;
    const { tx, rx } = conduit.split();
    return { conduit, far, tx, rx };
  }

  get kinds(): string {
    return this.states.map(({ kind }) => kind).join(" ");
  }
}

/** A conduit with its first link up. */
export async function dialled(options: Partial<StableInitiatorOptions<string>> = {}) {
  const peer = new Dialled(options);
  return { peer, clock: peer.clock, ...(await peer.up()) };
}
