import type { PortLike } from "../transports/port-events.ts";
import { hold, type Locks, onReleased } from "./locks.ts";

/** Which end of a link between a tab and the holder. */
export type TabSide = "tab" | "holder";

type Listener = (value: unknown) => void;

/** From the release of a lock until that counts (ms): what was posted before comes by another way. */
const GRACE_MS = 100;

/**
 * A message port between a tab and the holder, made of a broadcast channel that only they know. Ports cannot be
 * sent from tab to tab, and tell nobody that a page is gone: so each end has a lock, and waits for the other's.
 */
export class TabPort implements PortLike {
  readonly #channel: BroadcastChannel;
  readonly #closed = new AbortController();
  readonly #listeners = new Map<string, Listener>();

  /** @param name of the link: the tab's and the holder's are the same */
  static async open(name: string, side: TabSide, locks: Locks): Promise<TabPort> {
    const port = new TabPort(name);
    await hold(locks, lockOf(name, side), port.#closed.signal);
    return port;
  }

  private constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: { data: unknown }) => this.#listeners.get("message")?.(data);
  }

  /** From now on "close" is told when the other end, which must have its lock, is gone. */
  watch(name: string, other: TabSide, locks: Locks): void {
    const tell = () => this.#listeners.get("close")?.(undefined);
    onReleased(locks, lockOf(name, other), this.#closed.signal, () => {
      const timer = setTimeout(tell, GRACE_MS);
      this.#closed.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
  }

  // What is given over is the link's no more, so that a copy of it does as well.
  postMessage(message: unknown): void {
    if (!this.#closed.signal.aborted) this.#channel.postMessage(message);
  }

  on(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  off(type: string): void {
    this.#listeners.delete(type);
  }

  close(): void {
    this.#channel.close();
    this.#closed.abort();
  }
}

function lockOf(name: string, side: TabSide): string {
  return `${name}:${side}`;
}
