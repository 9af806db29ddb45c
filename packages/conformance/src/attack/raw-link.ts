import { once } from "node:events";
import { connect as netConnect, type Socket } from "node:net";
import { LengthPrefix, type Link } from "roam/link";
import { within } from "../interop/case.ts";

/** Longest wait for what is due at once (ms): a limit for what hangs, not a measure. */
const PATIENCE_MS = 10_000;

/** How an end of a link writes, for `RawLink`. */
interface Outlet {
  write(payload: Uint8Array): void;
  end(): void;
  destroy(): void;
  pause(isPaused: boolean): void;
}

/** An attacker's end of a link: writes what it likes, and sees what comes back. */
export class RawLink {
  readonly #outlet: Outlet;
  readonly #payloads: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #taker: ((payload: Uint8Array) => void) | undefined;
  #onEnded: () => void = () => {};
  /** Payloads that came. */
  received = 0;
  hasEnded = false;
  /** The far side is done, in whatever way. */
  readonly ended = new Promise<void>((resolve) => {
    this.#onEnded = resolve;
  });

  protected constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  /** An end of a memory link. */
  static on(link: Link): RawLink {
    const raw = new RawLink({
      write: (payload) => link.tx.tryReserve()?.write(payload, (writer, bytes) => writer.raw(bytes)),
      end: () => void link.tx.close(),
      destroy: () => link.destroy(),
      pause: (isPaused) => (isPaused ? link.rx.pause() : link.rx.resume()),
    });
    link.rx.start(
      (payload) => raw.onPayload(payload.whole()),
      () => raw.onEnd(),
    );
    return raw;
  }

  send(payload: Uint8Array): void {
    this.#outlet.write(payload);
  }

  /** The next payload; undefined once the far side has ended. */
  async next(what = "an answer"): Promise<Uint8Array | undefined> {
    if (this.#payloads.length === 0 && !this.hasEnded) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await within(what, woken, PATIENCE_MS);
    }
    return this.#payloads.shift();
  }

  /** From now on payloads go here, those first that nobody took. */
  take(onPayload: (payload: Uint8Array) => void): void {
    this.#taker = onPayload;
    for (const payload of this.#payloads.splice(0)) onPayload(payload);
  }

  /** Waits for the far side to end. */
  untilEnd(what = "the end of the link", limitMs = PATIENCE_MS): Promise<void> {
    return within(what, this.ended, limitMs);
  }

  /** Stops and starts taking what the server sends. */
  pause(isPaused: boolean): void {
    this.#outlet.pause(isPaused);
  }

  end(): void {
    this.#outlet.end();
  }

  destroy(): void {
    this.#outlet.destroy();
    this.onEnd();
  }

  protected onPayload(payload: Uint8Array): void {
    this.received++;
    if (this.#taker !== undefined) return this.#taker(payload);
    this.#payloads.push(payload);
    this.#wake?.();
  }

  protected onEnd(): void {
    this.hasEnded = true;
    this.#onEnded();
    this.#wake?.();
  }
}

/** The same over TCP, where single bytes can be written too. */
export class RawSocket extends RawLink {
  readonly #socket: Socket;

  /** @param from the address to come from, one of this machine */
  static async dial(port: number, from = "127.0.0.1"): Promise<RawSocket> {
    const socket = netConnect({ host: "127.0.0.1", port, localAddress: from, noDelay: true });
    const connected = once(socket, "connect");
    await within("a connection", connected, PATIENCE_MS);
    return new RawSocket(socket);
  }

  private constructor(socket: Socket) {
    super({
      write: (payload) => {
        const prefix = Buffer.alloc(4);
        prefix.writeUInt32LE(payload.length);
        socket.write(Buffer.concat([prefix, payload]));
      },
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
      pause: (isPaused) => void (isPaused ? socket.pause() : socket.resume()),
    });
    this.#socket = socket;
    const framing = new LengthPrefix();
    socket.on("data", (chunk) =>
      framing.push(
        // Slices of buffers are no copies.
        new Uint8Array(chunk),
        () => 0xffff_ffff,
        (payload) => this.onPayload(payload.whole()),
      ),
    );
    // A reset is an end like any other.
    socket.on("error", () => {});
    socket.on("end", () => this.onEnd()).on("close", () => this.onEnd());
  }

  writeBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Writes, and waits until the kernel has it all, or the link has ended. */
  async written(bytes: Uint8Array): Promise<void> {
    if (this.hasEnded) return;
    const taken = new Promise<void>((resolve) => void this.#socket.write(bytes, () => resolve()));
    await Promise.race([taken, this.ended]);
  }
}
