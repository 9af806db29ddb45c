import type { MessagePort } from "node:worker_threads";
import type { Link } from "roam/link";
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

function overPort(port: MessagePort): Bouncer {
  const bouncer: Bouncer = {
    onBack: () => {},
    send: (payload) => port.postMessage(payload),
    close: () => port.close(),
  };
  port.on("message", () => bouncer.onBack());
  return bouncer;
}

function sendOn(link: Link, payload: Uint8Array): void {
  const isTaken = link.tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes));
  if (!isTaken) throw new Error("the link is full: too much in flight");
}

/** The serving side: each payload goes back as it came. */
export function bounceLink(link: Link): void {
  link.rx.start(
    (payload) => sendOn(link, payload.bytes.subarray(payload.start, payload.end)),
    () => {},
  );
}

export function bouncePort(port: MessagePort): void {
  port.on("message", (payload: Uint8Array) => port.postMessage(payload));
}

export const linkPeer = async (link: Link): Promise<Peer> => new BouncingPeer(overLink(link));
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
    await this.bounce(new Uint8Array(8), 1, 0);
  }

  async echo(payload: Uint8Array): Promise<number> {
    await this.bounce(payload, 1, 0);
    return payload.length;
  }

  async close(): Promise<void> {
    this.#bouncer.close();
  }
}
