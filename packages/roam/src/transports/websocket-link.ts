import { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import type { Link } from "../link/link.ts";
import { LinkRxBase } from "../link/link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "../link/link-tx-base.ts";
import { NO_FACTS, type PeerFacts } from "../link/peer-facts.ts";

/** `bufferedAmount` at which `reserve` waits (bytes). */
const HIGH_WATER_BYTES = 1024 * 1024;

/** What a link needs of a WebSocket, whoever made it. */
export interface MessageSocket {
  /** One binary message; `onTaken` when it has left this process. */
  send(payload: Uint8Array, onTaken: () => void): void;
  /** Brackets the messages of one turn, for a socket that can write them together. */
  cork(): void;
  uncork(): void;
  /** Close handshake after what was sent. */
  close(onClosed: () => void): void;
  destroy(): void;
  pause(): void;
  resume(): void;
  /** Larger messages are not to be held until they are whole. */
  limit?(maxMessageBytes: number): void;
  start(events: MessageSocketEvents): void;
}

export interface MessageSocketEvents {
  onMessage(payload: Uint8Array): void;
  onText(): void;
  onClosed(error?: RoamError): void;
}

/** A link over a WebSocket: one binary message per payload. */
// r[impl transport.websocket]
// r[impl zerocopy.framing.link.websocket]
export class WebSocketLink implements Link {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  readonly peer: string;
  readonly facts: PeerFacts;
  readonly #socket: MessageSocket;
  #pending: Uint8Array[] = [];
  #isFlushPending = false;
  #isDead = false;
  #ending: (() => void) | undefined;

  constructor(socket: MessageSocket, options: { peer: string; facts?: PeerFacts }) {
    this.peer = options.peer;
    this.facts = options.facts ?? NO_FACTS;
    this.#socket = socket;
    this.tx = new LinkTxBase(
      {
        gapBytes: 0,
        // r[impl zerocopy.send.websocket]
        seal: (writer, _start, length) => {
          this.#pending.push(length === 0 ? new Uint8Array() : writer.finish());
          this.tx.queued(length);
          this.#flushSoon();
        },
        end: () => this.#end(),
      },
      { highWaterBytes: HIGH_WATER_BYTES, writer: outgoingWriter({ isShared: true }) },
    );
    this.rx = new LinkRxBase({
      start: () => socket.resume(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      limit: (maxPayloadBytes) => socket.limit?.(maxPayloadBytes),
    });
    socket.start({
      onMessage: (payload) => this.#receive(payload),
      onText: () => this.destroy(new RoamError("io", "a text message on a WebSocket link")),
      onClosed: (error) => this.#closed(error),
    });
  }

  destroy(cause: RoamError = new RoamError("closed", "the link was destroyed here")): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#socket.destroy();
    this.#ending?.();
    this.tx.fail(cause);
    this.rx.end(cause);
  }

  #flushSoon(): void {
    if (this.#isFlushPending) return;
    this.#isFlushPending = true;
    atEndOfTurn(this.#flushNow);
  }

  readonly #flushNow = (): void => this.#flush();

  #flush(): void {
    this.#isFlushPending = false;
    if (this.#isDead) return;
    const payloads = this.#pending;
    this.#pending = [];
    this.#socket.cork();
    for (const payload of payloads) {
      this.#socket.send(payload, () => this.tx.queued(-payload.length));
    }
    this.#socket.uncork();
  }

  #end(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      this.#ending = resolve;
      this.#socket.close(resolve);
    });
  }

  #receive(payload: Uint8Array): void {
    const { maxPayloadBytes } = this.rx;
    if (payload.length > maxPayloadBytes) {
      this.destroy(
        new RoamError(
          "too-large",
          `a message of ${payload.length} bytes is above the limit of ${maxPayloadBytes}`,
        ),
      );
    } else this.rx.deliver(new Reader(payload));
  }

  // A dropped socket without a close frame is an end of stream: published peers leave that way.
  #closed(error?: RoamError): void {
    if (this.#isDead) return;
    if (error === undefined) {
      this.rx.end();
      this.destroy(new RoamError("closed", "the far side closed the WebSocket"));
    } else this.destroy(error);
  }
}
