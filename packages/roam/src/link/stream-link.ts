import { RoamError } from "../errors.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import { LengthPrefix } from "./length-prefix.ts";
import type { Link } from "./link.ts";
import { LinkRxBase } from "./link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "./link-tx-base.ts";
import { NO_FACTS, type PeerFacts } from "./peer-facts.ts";

/**
 * Bytes that have not left this process, at which `reserve` waits: sixteen payloads of 64 KiB in
 * one write take a third less of both sides' time than in four.
 */
const HIGH_WATER_BYTES = 1024 * 1024;
/**
 * Payloads that make a write before the turn is over: the far side takes them while this one makes more. Without it
 * the two take turns, and streams of small items and a thousand calls at a time come to two thirds of the rate.
 */
const BURST_PAYLOADS = 512;
/** Byte arrays from this size on are handed to the stream without a copy. */
const GATHER_FROM = 16 * 1024;

/** A byte stream as a transport offers it. */
export interface ByteStream {
  /** Hands over pieces to be written one after another; calls back when they have left. */
  write(pieces: readonly Uint8Array[], onTaken: () => void): void;
  /** Half-closes when everything written has left. */
  end(onTaken: () => void): void;
  destroy(): void;
  pause(): void;
  resume(): void;
  /** Called once, when the receiver is ready. */
  start(events: ByteStreamEvents): void;
}

export interface ByteStreamEvents {
  onBytes(chunk: Uint8Array): void;
  /** The far side will send no more. */
  onEof(): void;
  /** The stream is gone in both directions. */
  onClosed(error?: Error): void;
}

export interface StreamLinkOptions {
  readonly peer?: string;
  readonly facts?: PeerFacts;
}

/** A link over a byte stream: each payload behind its length. */
// r[impl transport.stream.kinds]
export class StreamLink implements Link {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  readonly peer: string;
  readonly facts: PeerFacts;
  readonly #stream: ByteStream;
  readonly #framing = new LengthPrefix();
  #isFlushPending = false;
  /** Payloads that stand in the writer. */
  #unflushed = 0;
  #isSendingDone = false;
  #isDead = false;
  #ending: (() => void) | undefined;

  constructor(stream: ByteStream, options: StreamLinkOptions = {}) {
    this.peer = options.peer ?? "stream";
    this.facts = options.facts ?? NO_FACTS;
    this.#stream = stream;
    this.tx = new LinkTxBase(
      {
        gapBytes: 4,
        // r[impl zerocopy.send.stream]
        // r[impl zerocopy.scatter.plan.size]
        seal: (writer, start, length) => {
          writer.patchU32(start, length);
          if (++this.#unflushed < BURST_PAYLOADS) this.#flushSoon();
          else this.#flush();
        },
        end: () => this.#end(),
      },
      {
        highWaterBytes: HIGH_WATER_BYTES,
        writer: outgoingWriter({ gatherFrom: GATHER_FROM, isShared: true }),
        leavesBytes: true,
      },
    );
    this.rx = new LinkRxBase({
      start: () => stream.resume(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    });
    stream.start({
      onBytes: (chunk) => this.#receive(chunk),
      onEof: () => this.#eof(),
      onClosed: (error) => this.#closed(error),
    });
  }

  destroy(cause: RoamError = new RoamError("closed", "the link was destroyed here")): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#stream.destroy();
    this.#ending?.();
    this.tx.fail(cause);
    this.rx.end(cause);
  }

  // One write for what a turn commits, unless that is much. r[impl transport.stream]
  #flushSoon(): void {
    if (this.#isFlushPending) return;
    this.#isFlushPending = true;
    atEndOfTurn(this.#flushNow);
  }

  // Made once: a closure within #flushSoon takes its memory with every payload, used or not.
  readonly #flushNow = (): void => {
    this.#isFlushPending = false;
    this.#flush();
  };

  #flush(): void {
    this.#unflushed = 0;
    const bytes = this.tx.writer.length;
    if (bytes === 0 || this.#isDead) return;
    this.tx.queued(bytes);
    this.#stream.write(this.tx.writer.take(), () => this.tx.queued(-bytes));
  }

  #end(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => {
      // The stream may die before it says that the last byte has left.
      this.#ending = resolve;
      this.#stream.end(() => {
        this.#isSendingDone = true;
        this.#ending = undefined;
        resolve();
        this.#finishIfDone();
      });
    });
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#framing.push(
        chunk,
        () => this.rx.maxPayloadBytes,
        (payload) => this.rx.deliver(payload),
      );
    } catch (error) {
      this.destroy(error as RoamError);
    }
  }

  // An end inside a length prefix is a clean one, as the published peers have it.
  #eof(): void {
    if (this.#framing.isInsidePayload) {
      this.destroy(new RoamError("io", "the stream ended inside a payload"));
      return;
    }
    this.rx.end();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#isSendingDone && this.rx.hasEnded) this.destroy();
  }

  #closed(error?: Error): void {
    if (this.#isDead) return;
    if (error === undefined && !this.#framing.isInsidePayload) {
      this.rx.end();
      this.destroy(new RoamError("closed", "the far side closed the stream"));
    } else {
      const reason = error instanceof RoamError ? error.reason : error?.message;
      this.destroy(new RoamError("io", reason ?? "the stream ended inside a payload", { cause: error }));
    }
  }
}
