import type { MessagePort } from "node:worker_threads";
import type { Link } from "roam/link";
import { LentPayload } from "roam/shm";
import type { Reader } from "roam-postcard";
import { FILL } from "./cases.ts";
import type { Peer } from "./peer.ts";

/** Sends payloads to one who sends them back, without calls or promises in between. */
interface Bouncer {
  onBack: () => void;
  send(payload: Uint8Array): void;
  close(): void;
}

function overLink(link: Link): Bouncer {
  const bouncer: Bouncer = {
    onBack: () => {},
    send: (payload) => sendOn(link, payload),
    close: () => link.destroy(),
  };
  link.rx.start(
    () => bouncer.onBack(),
    () => {},
  );
  return bouncer;
}

/** Every byte that comes back is looked at, and lent payloads are released. */
function checkedOverLink(link: Link): Bouncer {
  let expected = new Uint8Array();
  const bouncer: Bouncer = {
    onBack: () => {},
    send: (payload) => {
      expected = payload as Uint8Array<ArrayBuffer>;
      sendOn(link, payload);
    },
    close: () => link.destroy(),
  };
  link.rx.start(
    (payload) => {
      expectSame(payload, expected);
      bouncer.onBack();
    },
    () => {},
  );
  return bouncer;
}

function expectSame(payload: Reader, expected: Uint8Array): void {
  if (Buffer.compare(payload.whole(), expected) !== 0) throw new Error("other bytes came");
  if (payload instanceof LentPayload) payload.release();
}

function overPort(port: MessagePort): Bouncer {
  const bouncer: Bouncer = {
    onBack: () => {},
    send: (payload) => port.postMessage(payload),
    close: () => port.close(),
  };
  port.on("message", () => bouncer.onBack());
  return bouncer;
}

function sendOn({ tx }: Link, payload: Uint8Array): void {
  if (tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes))) return;
  void tx.reserve().then((permit) => permit.write(payload, (writer, bytes) => writer.raw(bytes)));
}

/** The serving side: each payload goes back as it came. */
export function bounceLink(link: Link): void {
  link.rx.start(
    (payload) => sendOn(link, payload.bytes.subarray(payload.start, payload.end)),
    () => {},
  );
}

/** The same, and every byte is looked at; back goes one of as many bytes, for lent ones are released at once. */
export function bounceChecked(link: Link): void {
  let expected = new Uint8Array();
  link.rx.start(
    (payload) => {
      if (payload.remaining !== expected.length) expected = new Uint8Array(payload.remaining).fill(FILL);
      expectSame(payload, expected);
      sendOn(link, expected);
    },
    () => {},
  );
}

export function bouncePort(port: MessagePort): void {
  port.on("message", (payload: Uint8Array) => port.postMessage(payload));
}

export const linkPeer = async (link: Link): Promise<Peer> => new BouncingPeer(overLink(link));
export const checkedPeer = async (link: Link): Promise<Peer> => new BouncingPeer(checkedOverLink(link));
export const barePeer = async (port: MessagePort): Promise<Peer> => new BouncingPeer(overPort(port));

class BouncingPeer implements Peer {
  readonly #bouncer: Bouncer;

  constructor(bouncer: Bouncer) {
    this.#bouncer = bouncer;
  }

  bounce(payload: Uint8Array, inFlight: number, durationMs: number): Promise<number> {
    const bouncer = this.#bouncer;
    const end = performance.now() + durationMs;
    let back = 0;
    let isOver = false;
    return new Promise((resolve) => {
      let left = inFlight;
      bouncer.onBack = () => {
        if ((++back & 15) === 0) isOver = performance.now() >= end;
        if (!isOver) bouncer.send(payload);
        else if (--left === 0) resolve(back);
      };
      for (let sent = 0; sent < inFlight; sent++) bouncer.send(payload);
    });
  }

  async call(): Promise<undefined> {
    await this.bounce(new Uint8Array(8).fill(FILL), 1, 0);
  }

  async echo(payload: Uint8Array): Promise<number> {
    await this.bounce(payload, 1, 0);
    return payload.length;
  }

  async close(): Promise<void> {
    this.#bouncer.close();
  }
}
