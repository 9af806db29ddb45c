import { ScriptedLink } from "roam/testing";
import { decodeMessage, type Message, Metadata } from "roam/wire";
import { Reader } from "roam-postcard";
import {
  type ClientHello,
  decodeServerHello,
  encodeClientHello,
  type ServerHello,
} from "../../../../roam/src/conduit/stable/hello.ts";
import { frameOf } from "../../attack/knock.ts";
import { decodeFrame } from "../../decode-frame.ts";
import { encoded } from "../../replay/scene.ts";
import { Difference } from "../../vectors/tally.ts";
import { ADDRESSES, type SocketKind } from "../address.ts";

/** A frame that the Rust peer sent. */
export interface RustFrame {
  readonly seq: number;
  readonly ack: number | undefined;
  readonly message: Message;
  readonly payload: Uint8Array;
}

export const HELLO: Message = {
  tag: "Hello",
  connectionId: 0,
  version: 7,
  settings: { parity: "odd", maxConcurrentRequests: 64 },
  metadata: Metadata.EMPTY,
};

export function ping(nonce: number, connectionId = 0): Message {
  return { tag: "Ping", connectionId, nonce };
}

/**
 * The dialling side of a stable session made by hand: it numbers and acknowledges as it is told,
 * and by itself not at all.
 */
export class HandMadePeer {
  readonly #dial: () => Promise<ScriptedLink>;
  #script: ScriptedLink;
  /** The newest. */
  resumeKey: Uint8Array | undefined;
  sent = -1;

  private constructor(dial: () => Promise<ScriptedLink>, script: ScriptedLink) {
    this.#dial = dial;
    this.#script = script;
  }

  /** A link on which nothing was said yet. */
  static async dial(kind: SocketKind, address: string): Promise<HandMadePeer> {
    const dial = async () => new ScriptedLink(await ADDRESSES[kind].dial(address));
    return new HandMadePeer(dial, await dial());
  }

  /** A session that is set up: its first frames went either way. */
  static async open(kind: SocketKind, address: string): Promise<HandMadePeer> {
    const peer = await HandMadePeer.dial(kind, address);
    await peer.greet();
    await peer.send(HELLO);
    const { seq, message } = await peer.next();
    if (seq !== 0 || message.tag !== "HelloYourself")
      throw new Difference(`${seq} ${message.tag} came first`);
    return peer;
  }

  get script(): ScriptedLink {
    return this.#script;
  }

  /** Shakes hands. */
  async greet(hello: Partial<ClientHello> = {}): Promise<ServerHello> {
    await this.#script.send(encodeClientHello({ resumeKey: undefined, lastReceived: undefined, ...hello }));
    const answer = decodeServerHello(await this.#script.expect("a ServerHello"));
    this.resumeKey = answer.resumeKey;
    return answer;
  }

  /** Ends the link, and shakes hands on another one. The Rust peer has read all that was sent by then. */
  async resume(lastReceived: number | undefined): Promise<ServerHello> {
    await this.#script.end();
    await this.#script.untilEnd();
    this.#script = await this.#dial();
    return this.greet({ resumeKey: this.resumeKey, lastReceived });
  }

  /** @param as the number and the ack, if not the next one and none */
  async send(message: Message, as: { readonly seq?: number; readonly ack?: number } = {}): Promise<void> {
    this.sent = as.seq ?? this.sent + 1;
    await this.#script.send(frameOf(this.sent, as.ack, encoded(message)));
  }

  async next(): Promise<RustFrame> {
    const payload = await this.#script.expect("a frame");
    const { seq, ack, item } = decodeFrame(payload);
    return { seq, ack, message: decodeMessage(new Reader(item)), payload };
  }

  /** Sends a Ping, and gives all that comes up to its Pong. */
  async pinged(
    nonce: number,
    as: { readonly seq?: number; readonly ack?: number } = {},
  ): Promise<RustFrame[]> {
    await this.send(ping(nonce), as);
    return this.untilPong(nonce);
  }

  async untilPong(nonce: number): Promise<RustFrame[]> {
    const frames: RustFrame[] = [];
    for (;;) {
      const frame = await this.next();
      frames.push(frame);
      if (frame.message.tag === "Pong" && frame.message.nonce === nonce) return frames;
    }
  }
}
