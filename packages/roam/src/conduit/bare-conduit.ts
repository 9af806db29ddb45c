import { DecodeError, EncodeError, type Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { dispose } from "../internal/dispose.ts";
import type { Link, LinkPermit, LinkRx, LinkTx } from "../link/link.ts";
import type { Conduit, ConduitPermit, ConduitRx, ConduitTx, MessageFamily, Received } from "./conduit.ts";
import { PulledItems } from "./pulled-items.ts";

/** One value, one payload. When the link dies, the conduit is dead. */
// r[impl conduit.bare]
// r[impl zerocopy.framing.conduit.bare]
// r[impl zerocopy.framing.combinations]
export class BareConduit<M> implements Conduit<M> {
  readonly #link: Link;
  readonly #family: MessageFamily<M>;
  #isSplit = false;

  constructor(link: Link, family: MessageFamily<M>) {
    this.#link = link;
    this.#family = family;
  }

  get peer(): string {
    return this.#link.peer;
  }

  // r[impl conduit.split]
  split(): { tx: ConduitTx<M>; rx: ConduitRx<M> } {
    if (this.#isSplit) throw new TypeError("the conduit was split already");
    this.#isSplit = true;
    return {
      tx: new BareTx(this.#link.tx, this.#family),
      rx: new BareRx(this.#link, this.#family),
    };
  }

  destroy(cause?: RoamError): void {
    this.#link.destroy(cause);
  }
}

class BareTx<M> implements ConduitTx<M> {
  readonly #tx: LinkTx;
  readonly #encode: MessageFamily<M>["encode"];

  constructor(tx: LinkTx, family: MessageFamily<M>) {
    this.#tx = tx;
    this.#encode = family.encode;
  }

  get maxPayloadBytes(): number {
    return this.#tx.maxPayloadBytes;
  }

  set maxPayloadBytes(bytes: number) {
    this.#tx.maxPayloadBytes = bytes;
  }

  // r[impl conduit.permit]
  // r[impl conduit.x.reserve]
  async reserve(options?: { signal?: AbortSignal }): Promise<ConduitPermit<M>> {
    return new BarePermit(await this.#tx.reserve(options), this.#encode);
  }

  tryReserve(): ConduitPermit<M> | undefined {
    const permit = this.#tx.tryReserve();
    return permit === undefined ? undefined : new BarePermit(permit, this.#encode);
  }

  trySend(item: M): boolean {
    try {
      return this.#tx.tryWrite(item, this.#encode);
    } catch (error) {
      throw asSendError(error);
    }
  }

  // r[impl conduit.x.close]
  close(): Promise<void> {
    return this.#tx.close();
  }
}

function asSendError(error: unknown): unknown {
  if (!(error instanceof EncodeError)) return error;
  return new RoamError("encode", error.message, { cause: error });
}

class BarePermit<M> implements ConduitPermit<M> {
  readonly #permit: LinkPermit;
  readonly #encode: MessageFamily<M>["encode"];

  constructor(permit: LinkPermit, encode: MessageFamily<M>["encode"]) {
    this.#permit = permit;
    this.#encode = encode;
  }

  // r[impl conduit.permit.send]
  // r[impl zerocopy.framing.value]
  // r[impl zerocopy.framing.pipeline]
  send(item: M): void {
    try {
      this.#permit.write(item, this.#encode);
    } catch (error) {
      throw asSendError(error);
    }
  }

  release(): void {
    this.#permit.release();
  }

  [dispose](): void {
    this.#permit.release();
  }
}

class BareRx<M> implements ConduitRx<M> {
  readonly #link: Link;
  readonly #rx: LinkRx;
  readonly #decode: MessageFamily<M>["decode"];
  #pulled: PulledItems<M> | undefined;
  #hasFailed = false;

  constructor(link: Link, family: MessageFamily<M>) {
    this.#link = link;
    this.#rx = link.rx;
    this.#decode = family.decode;
  }

  get maxPayloadBytes(): number {
    return this.#rx.maxPayloadBytes;
  }

  set maxPayloadBytes(bytes: number) {
    this.#rx.maxPayloadBytes = bytes;
  }

  // r[impl zerocopy.framing.pipeline.incoming]
  start(onItem: (item: M, payload: Reader) => void, onEnd: (cause?: RoamError) => void): void {
    this.#rx.start(
      (payload) => {
        if (this.#hasFailed) return;
        let item: M;
        try {
          item = this.#decode(payload);
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error;
          // The same bytes would fail again: nothing after them can be trusted.
          this.#hasFailed = true;
          onEnd(new RoamError("decode", error.message, { cause: error }));
          return;
        }
        onItem(item, payload);
      },
      (cause) => {
        if (!this.#hasFailed) onEnd(cause);
      },
    );
  }

  pause(): void {
    this.#rx.pause();
  }

  resume(): void {
    this.#rx.resume();
  }

  // r[impl conduit.x.recv]
  // r[impl zerocopy.recv]
  // r[impl zerocopy.recv.selfref]
  recv(options?: { signal?: AbortSignal }): Promise<Received<M> | null> {
    this.#pulled ??= new PulledItems(this, (cause) => this.#link.destroy(cause));
    return this.#pulled.take(options?.signal);
  }
}
