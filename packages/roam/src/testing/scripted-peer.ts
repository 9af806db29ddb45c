import { Reader, Writer } from "roam-postcard";
import type { Role } from "../conduit/conduit.ts";
import type { RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import { memoryLinkPair } from "../link/memory-link.ts";
import type { Message, Parity } from "../wire/message.ts";
import { decodeMessage, encodeMessage } from "../wire/message-codec.ts";
import { Metadata } from "../wire/metadata.ts";
import { claim } from "./claims.ts";
import { type LinkEnd, ScriptedLink } from "./scripted-link.ts";

export type MessageOf<Tag extends Message["tag"]> = Extract<Message, { tag: Tag }>;

export interface ScriptedHandshake {
  /** As initiator: what Hello asks for (default odd). As acceptor: by default what is left. */
  readonly parity?: Parity;
  readonly maxConcurrentRequests?: number;
  readonly metadata?: Metadata;
  /** As initiator: the version that Hello names (default 7). */
  readonly version?: number;
}

/** A session's counterpart in the hands of a test: messages in, messages or any bytes out. */
export class ScriptedPeer {
  readonly script: ScriptedLink;

  constructor(link: Link) {
    this.script = new ScriptedLink(link);
  }

  /**
   * Plays `role` of the handshake.
   *
   * @returns what the session under test said: its Hello, or its HelloYourself
   */
  handshake(role: "initiator", options?: ScriptedHandshake): Promise<MessageOf<"HelloYourself">>;
  handshake(role: "acceptor", options?: ScriptedHandshake): Promise<MessageOf<"Hello">>;
  async handshake(
    role: Role,
    options: ScriptedHandshake = {},
  ): Promise<MessageOf<"Hello" | "HelloYourself">> {
    const { maxConcurrentRequests = 64, metadata = Metadata.EMPTY, version = 7 } = options;
    if (role === "initiator") {
      const settings = { parity: options.parity ?? "odd", maxConcurrentRequests };
      await this.send({ tag: "Hello", connectionId: 0, version, settings, metadata });
      return this.expect("HelloYourself");
    }
    const hello = await this.expect("Hello");
    const left = hello.settings.parity === "odd" ? "even" : "odd";
    const settings = { parity: options.parity ?? left, maxConcurrentRequests };
    await this.send({ tag: "HelloYourself", connectionId: 0, settings, metadata });
    return hello;
  }

  /** The next message, which must have this tag. */
  async expect<Tag extends Message["tag"]>(tag: Tag): Promise<MessageOf<Tag>> {
    const message = decoded(await this.script.expect(tag));
    claim(message.tag === tag, `expected ${tag}, got ${shown(message)}`);
    return message as MessageOf<Tag>;
  }

  /** The next message, whatever it is. */
  async expectAny(): Promise<Message> {
    return decoded(await this.script.expect("a message"));
  }

  /** Fails if the session sends anything before it comes to rest, or ends. */
  expectNothing(): Promise<void> {
    return this.script.expectNothing((payload) => shown(decoded(payload)));
  }

  expectEnd(): Promise<LinkEnd> {
    return this.script.expectEnd();
  }

  send(message: Message): Promise<void> {
    return this.script.send(encoded(message));
  }

  /** One link payload, valid or not. */
  sendBytes(bytes: Uint8Array | readonly number[]): Promise<void> {
    return this.script.send(bytes);
  }

  end(): Promise<void> {
    return this.script.end();
  }

  die(cause?: RoamError): void {
    this.script.die(cause);
  }
}

/** A memory link: one end for the session under test, a scripted counterpart at the other. */
export function scriptedPeer(): { readonly link: Link; readonly peer: ScriptedPeer } {
  const [link, far] = memoryLinkPair();
  return { link, peer: new ScriptedPeer(far) };
}

export function encoded(message: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.finish();
}

export function decoded(payload: Uint8Array): Message {
  const reader = new Reader(payload);
  const message = decodeMessage(reader);
  claim(reader.offset === payload.length, `${payload.length - reader.offset} bytes behind ${message.tag}`);
  return message;
}

function shown(message: Message): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value.slice(0, 64)] : value,
  );
}
