import { accept, type ClientOf, connect, implement } from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { count, sendFor } from "./items.ts";
import type { Credit, Peer } from "./peer.ts";
import { Bench, benchHandlers, DOWN, sessionOptions, UP } from "./roam-service.ts";

/**
 * A client of the service at a URL, or on a link.
 *
 * @param giveBack for byte arrays that came and were looked at
 */
export async function roamPeer(
  target: string | Link,
  isAdaptive: boolean,
  conduit: "stable" | "bare" = "bare",
  giveBack: (bytes: Uint8Array) => void = () => {},
): Promise<Peer> {
  const client = await connect(target, Bench, { ...sessionOptions(isAdaptive), conduit });
  return new RoamPeer(client, giveBack);
}

/** Both sides in this process. */
export async function memoryPeer(isAdaptive: boolean): Promise<Peer> {
  const [near, far] = memoryLinkPair();
  const served = accept(far, implement(Bench, benchHandlers), sessionOptions(isAdaptive));
  const [peer] = await Promise.all([roamPeer(near, isAdaptive), served]);
  return peer;
}

class RoamPeer implements Peer {
  readonly #client: ClientOf<typeof Bench>;
  readonly #giveBack: (bytes: Uint8Array) => void;

  constructor(client: ClientOf<typeof Bench>, giveBack: (bytes: Uint8Array) => void) {
    this.#client = client;
    this.#giveBack = giveBack;
  }

  call(value: number): Promise<number> {
    return this.#client.next({ value });
  }

  async echo(payload: Uint8Array): Promise<number> {
    const back = await this.#client.echo({ payload });
    this.#giveBack(back);
    return back.length;
  }

  async receive(durationMs: number, credit: Credit): Promise<number> {
    const call = this.#client[DOWN[credit]]({ duration_ms: durationMs });
    const total = await count(call.items);
    await call;
    return total;
  }

  async send(durationMs: number, credit: Credit): Promise<number> {
    const call = this.#client[UP[credit]]();
    const sent = await sendFor(durationMs, call.items);
    await call.items.close();
    const counted = await call;
    if (counted !== sent) throw new Error(`${sent} items sent, ${counted} counted`);
    return counted;
  }

  async close(): Promise<void> {
    await this.#client.$.session.close();
  }
}
