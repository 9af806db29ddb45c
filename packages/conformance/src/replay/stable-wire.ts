import { DEFAULT_LIMITS } from "roam";
import type { Conduit } from "roam/conduit";
import { type Link, memoryLinkPair } from "roam/link";
import { messageFamily } from "roam/session";
import { settled, type VirtualClock } from "roam/testing";
import type { Message } from "roam/wire";
import { DecodeError, Writer } from "roam-postcard";
import { Attachment } from "../../../roam/src/conduit/stable/attachment.ts";
import { writeFrameHeader } from "../../../roam/src/conduit/stable/frame.ts";
import {
  decodeClientHello,
  decodeServerHello,
  encodeClientHello,
  encodeServerHello,
  RESUME_KEY_BYTES,
} from "../../../roam/src/conduit/stable/hello.ts";
import { DEFAULT_RETENTION } from "../../../roam/src/conduit/stable/resume-registry.ts";
import { StableAcceptor } from "../../../roam/src/conduit/stable/stable-acceptor.ts";
import { connectStable } from "../../../roam/src/conduit/stable/stable-initiator.ts";
import { toHex } from "../hex.ts";
import type { Side } from "../transcript.ts";
import { Difference } from "../vectors/tally.ts";
import type { MessageStep } from "./scene.ts";
import { type AddedFrames, FrameChecks } from "./stable-frames.ts";
import type { RecordedLink, StableRecording } from "./stable-scene.ts";
import type { Wire, WireListener } from "./wire.ts";

/** The far end of one link. */
interface FarEnd {
  readonly link: Link;
  isShaken: boolean;
  hasEnded: boolean;
}

/**
 * Messages in frames, on links that are replaced where the recording has it.
 *
 * The other side's hellos and acks are as recorded; only where ours has said less by then, since
 * it waits or leaves something out, they claim no more than that. The keys are the recorded ones in
 * both roles, so our hellos are compared as they are.
 */
export class StableWire implements Wire {
  readonly conduit: Promise<Conduit<Message>>;
  readonly #recording: StableRecording;
  readonly #role: Side;
  readonly #clock: VirtualClock;
  readonly #frames = new FrameChecks();
  #listener: WireListener | undefined;
  /** Messages of the other side. */
  #said = 0;
  /** Links that the recording has come to, and handshakes begun. */
  #reached = 1;
  #begun = 0;
  #far: FarEnd | undefined;
  #hasOtherClosed = false;
  #accept: ((far: RecordedLink) => void) | undefined;

  constructor(recording: StableRecording, role: Side, clock: VirtualClock) {
    this.#recording = recording;
    this.#role = role;
    this.#clock = clock;
    this.conduit = role === "initiator" ? this.#dialled() : this.#accepted();
  }

  get added(): AddedFrames {
    return this.#frames;
  }

  #dialled(): Promise<Conduit<Message>> {
    const next = async (): Promise<Link> => {
      // Attempts that are not recorded stay open: refused ones would be made again without a delay.
      if (this.#hasOtherClosed) return new Promise<Link>(() => {});
      const recorded = this.#recording.links[this.#begun];
      if (recorded === undefined || this.#begun >= this.#reached) {
        this.#fault(new Difference("our runtime dialled again, unlike recorded"));
        return new Promise<Link>(() => {});
      }
      const [here, far] = memoryLinkPair();
      this.#begin(far, (payload) => {
        expectHello("ClientHello", payload, recorded.clientHello);
        this.#frames.resume(this.#sendServerHello(far, recorded));
      });
      return here;
    };
    return connectStable<Message>(
      { next },
      // No delay before an attempt: time passes at entries only.
      { family: messageFamily, clock: this.#clock, random: () => 0 },
    );
  }

  #sendServerHello(far: Link, { serverHello }: RecordedLink): number | undefined {
    const hello = decodeServerHello(serverHello);
    const lastReceived = this.#atMostSeen(hello.lastReceived);
    write(far, encodeServerHello({ ...hello, lastReceived }));
    return lastReceived;
  }

  #accepted(): Promise<Conduit<Message>> {
    const keys = this.#recording.links.map((link) => decodeServerHello(link.serverHello).resumeKey);
    const acceptor = new StableAcceptor<Message>({
      family: messageFamily,
      clock: this.#clock,
      randomBytes: (length) =>
        (length === RESUME_KEY_BYTES ? keys.shift() : undefined) ?? new Uint8Array(length),
    });
    return new Promise((resolve, reject) => {
      this.#accept = (recorded) => {
        const hello = decodeClientHello(recorded.clientHello);
        const lastReceived = this.#atMostSeen(hello.lastReceived);
        const [here, far] = memoryLinkPair();
        this.#begin(far, (payload) => expectHello("ServerHello", payload, recorded.serverHello));
        this.#frames.resume(lastReceived);
        const attachment = new Attachment(here);
        const onHello = (payload: Uint8Array) => {
          attachment.hold();
          acceptor.accept(attachment, payload).then((conduit) => conduit && resolve(conduit), reject);
        };
        attachment.receive(
          (payload) => onHello(payload.whole()),
          () => {},
        );
        write(far, encodeClientHello({ ...hello, lastReceived }));
      };
    });
  }

  /** @param onHello takes the first payload of our runtime on the link */
  #begin(link: Link, onHello: (payload: Uint8Array) => void): void {
    const far: FarEnd = { link, isShaken: false, hasEnded: false };
    this.#far = far;
    this.#begun++;
    link.rx.start(
      (payload) => {
        const bytes = payload.whole();
        try {
          if (!far.isShaken) {
            far.isShaken = true;
            return onHello(bytes);
          }
          const message = this.#frames.take(bytes, this.#said);
          if (message !== undefined) this.#listener?.onMessage(message);
        } catch (error) {
          if (error instanceof Difference) this.#fault(error);
          else if (error instanceof DecodeError) this.#fault(new Difference(String(error)));
          else throw error;
        }
      },
      (cause) => {
        far.hasEnded = true;
        // How an end is answered that looks like a lost link is nobody's business.
        if (far !== this.#far) return;
        if (!this.#hasOtherClosed && !this.#frames.hasClosed && this.#frames.count > 0)
          this.#fault(new Difference("the end of the link without a close frame"));
        this.#listener?.onEnd(this.#hasOtherClosed ? undefined : cause);
      },
    );
  }

  #atMostSeen(lastReceived: number | undefined): number | undefined {
    const { count } = this.#frames;
    if (lastReceived === undefined || count === 0) return undefined;
    return Math.min(lastReceived, count - 1);
  }

  #fault(difference: Difference): void {
    this.#listener?.onFault(difference);
  }

  start(listener: WireListener): void {
    this.#listener = listener;
    const [first] = this.#recording.links;
    if (first !== undefined) this.#accept?.(first);
  }

  /** Time enough for an ack frame passes before each entry. */
  async reach(entry: number): Promise<void> {
    // A published peer ends without a close frame: our runtime waits for it to come back.
    const isLeft = this.#hasOtherClosed && this.#role === "acceptor";
    await this.#clock.pass(isLeft ? DEFAULT_RETENTION.retentionMs : DEFAULT_LIMITS.ackAfterMs);
    for (;;) {
      const recorded = this.#recording.links[this.#reached];
      if (recorded === undefined || recorded.entry > entry) return;
      await this.#replaceLink(recorded);
    }
  }

  async #replaceLink(recorded: RecordedLink): Promise<void> {
    const { entry } = recorded;
    this.#reached++;
    const old = this.#far;
    this.#far = undefined;
    // The initiator misses its link; to the acceptor the old one looks alive.
    if (this.#role === "initiator") old?.link.destroy();
    else this.#accept?.(recorded);
    await settled();
    if (!this.#isShaken) this.#fault(new Difference(`entry ${entry}: expected a new handshake, got nothing`));
    if (!old?.hasEnded) this.#fault(new Difference(`entry ${entry}: the old link is still in use`));
  }

  get #isShaken(): boolean {
    return this.#far?.isShaken === true;
  }

  say({ entry, payload }: MessageStep): void {
    const header = { seq: this.#said++, ack: this.#atMostSeen(this.#recording.acks.get(entry)) };
    const writer = new Writer();
    writeFrameHeader(writer, header.seq, header.ack);
    writer.raw(payload);
    write(this.#far?.link, writer.finish());
  }

  close(): void {
    this.#hasOtherClosed = true;
    void this.#far?.link.tx.close();
  }

  destroy(): void {
    this.#far?.link.destroy();
    void this.conduit.then(
      (conduit) => conduit.destroy(),
      () => {},
    );
  }
}

function write(link: Link | undefined, payload: Uint8Array): void {
  const permit = link?.tx.tryReserve();
  if (permit === undefined) throw new Difference("our runtime does not read what is sent to it");
  permit.write(payload, (writer, bytes) => writer.raw(bytes));
}

function expectHello(what: string, got: Uint8Array, expected: Uint8Array): void {
  if (toHex(got) !== toHex(expected))
    throw new Difference(`expected the ${what} ${toHex(expected)}, got ${toHex(got)}`);
}
