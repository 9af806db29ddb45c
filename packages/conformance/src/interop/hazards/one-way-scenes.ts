import { acceptConduits, type Conduit, type ConduitTx, connectStable, type ReplayStatus } from "roam/conduit";
import type { Link } from "roam/link";
import { messageFamily } from "roam/session";
import { type Message, Metadata } from "roam/wire";
import { Difference, expectEqual } from "../../vectors/tally.ts";
import { ADDRESSES, bareAddress } from "../address.ts";
import { type Scene, within } from "../case.ts";
import type { Role } from "../meeting.ts";
import { RustPeer } from "../rust-peer.ts";
import { HELLO, ping } from "./hand-made-peer.ts";

const LIMIT_MS = 15_000;
const STABLE = ["--conduit", "stable", "--resume-window-ms", "500"];
/** Messages that go one way, in a row. */
const ONE_WAY = 20_000;
/** Of the Ping behind them: its Pong says that all of them were read. */
const LAST_NONCE = 12_345;
/** Frames that solicitations may add to a full buffer, and the bytes of one; and the item that fills it. */
const HEADROOM_FRAMES = 64;
const SOLICITATION_BYTES = 8;
const ITEM_BYTES = 150;

const HELLO_YOURSELF: Message = {
  tag: "HelloYourself",
  connectionId: 0,
  settings: { parity: "even", maxConcurrentRequests: 64 },
  metadata: Metadata.EMPTY,
};
/** A request that was never made: 7.3 does not answer its Cancel, so that nothing carries an ack. */
const UNHEARD: Message = {
  tag: "RequestCancel",
  connectionId: 0,
  id: 99_999,
  metadata: Metadata.from({ filler: "x".repeat(100) }),
};

interface Bound {
  readonly maxReplayFrames?: number;
  readonly maxReplayBytes?: number;
}

/** Our half of a session without a session on top. */
class OneWay {
  readonly #conduit: Conduit<Message>;
  readonly #tx: ConduitTx<Message>;
  readonly #receive: () => Promise<Message | undefined>;
  /** The most that was kept at a time. */
  peakFrames = 0;
  peakBytes = 0;
  /** Solicitations that were answered. */
  solicited = 0;

  constructor(conduit: Conduit<Message>) {
    const { tx, rx } = conduit.split();
    this.#conduit = conduit;
    this.#tx = tx;
    this.#receive = async () => (await within("a message", rx.recv(), LIMIT_MS))?.value;
  }

  get replay(): ReplayStatus {
    const { links } = this.#conduit;
    if (links === undefined) throw new Difference("the conduit is bare");
    return links.replay;
  }

  async greet(role: Role): Promise<void> {
    if (role === "initiator") await this.#send(HELLO);
    expectEqual("first", (await this.#receive())?.tag, role === "initiator" ? "HelloYourself" : "Hello");
    if (role === "acceptor") await this.#send(HELLO_YOURSELF);
  }

  async stream(): Promise<void> {
    for (let sent = 0; sent < ONE_WAY; sent++) {
      await this.#send(UNHEARD);
      const { frames, bytes } = this.replay;
      this.peakFrames = Math.max(this.peakFrames, frames);
      this.peakBytes = Math.max(this.peakBytes, bytes);
    }
    await this.#send(ping(LAST_NONCE));
  }

  /** Resolves with the Pong to the last message. */
  async answered(): Promise<void> {
    for (;;) {
      const message = await this.#receive();
      if (message?.tag !== "Pong") throw new Difference(`${message?.tag} came`);
      if (message.nonce === LAST_NONCE) return;
      this.solicited++;
    }
  }

  end(): void {
    this.#conduit.destroy();
  }

  async #send(message: Message): Promise<void> {
    (this.#tx.tryReserve() ?? (await this.#tx.reserve())).send(message);
  }
}

async function conduitAs(role: Role, limits: Bound): Promise<Conduit<Message>> {
  if (role === "initiator") {
    const rust = new RustPeer(["listen", "--link", "tcp", "--addr", "127.0.0.1:0", ...STABLE]);
    const address = await rust.listening();
    const next = ({ signal }: { signal: AbortSignal }) => ADDRESSES.tcp.dial(address, signal);
    return connectStable({ next }, { family: messageFamily, limits });
  }
  const listen = (onLink: (link: Link) => void) => ADDRESSES.tcp.listen("127.0.0.1:0", onLink);
  const acceptor = await acceptConduits(listen, messageFamily, { limits });
  new RustPeer(["dial", "--link", "tcp", "--addr", bareAddress(acceptor.address), ...STABLE]);
  const conduit = await acceptor.accept();
  await acceptor.close();
  return conduit;
}

/**
 * Acks ride on data alone there, and the Rust peer has no data to send: it has to be asked, or no
 * more than the bound would ever go through.
 */
// r[verify stable.x.ack-solicit]
// r[verify stable.x.bounded]
function oneWay(role: Role, what: string, bound: Bound): Scene {
  return {
    title: `hazard: one-way messages far beyond the bound in ${what}, ${role}`,
    async run(_stage, report) {
      const stream = new OneWay(await within("the link", conduitAs(role, bound), LIMIT_MS));
      await within("the session", stream.greet(role), LIMIT_MS);
      const answered = stream.answered();
      answered.catch(() => {});
      await report.check(`${ONE_WAY} go through`, () => within("the stream", stream.stream(), LIMIT_MS));
      await report.check("the last one is answered", () => answered);
      await report.check("all are acknowledged", async () => {
        const { sent, acked, frames } = stream.replay;
        expectEqual("acked", { acked, frames }, { acked: sent, frames: 0 });
      });
      await report.check("because the Rust peer was asked", async () => {
        if (stream.solicited === 0) throw new Difference("no solicitation was answered");
      });
      const { peakFrames, peakBytes, solicited } = stream;
      await report.check("the buffer stayed within its bound", async () => {
        const { maxReplayFrames = Number.POSITIVE_INFINITY, maxReplayBytes = Number.POSITIVE_INFINITY } =
          bound;
        if (peakFrames > maxReplayFrames + HEADROOM_FRAMES) throw new Difference(`${peakFrames} frames`);
        const overshot = ITEM_BYTES + HEADROOM_FRAMES * SOLICITATION_BYTES;
        if (peakBytes > maxReplayBytes + overshot) throw new Difference(`${peakBytes} bytes`);
      });
      stream.end();
      return ` (peak ${peakFrames} frames, ${peakBytes} bytes; solicitations ${solicited})`;
    },
  };
}

export const ONE_WAY_SCENES: readonly Scene[] = (["initiator", "acceptor"] as const).flatMap((role) => [
  oneWay(role, "frames", { maxReplayFrames: 50 }),
  oneWay(role, "bytes", { maxReplayBytes: 8192 }),
]);
