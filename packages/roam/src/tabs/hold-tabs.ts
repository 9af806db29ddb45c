import { type ConnectOptions, sessionOn } from "../connect.ts";
import { asError } from "../errors.ts";
import { openConduit } from "../open-conduit.ts";
import type { Session } from "../session/session.ts";
import { messagePortLink } from "../transports/message-port.ts";
import { openTunnel } from "../tunnel/open-tunnel.ts";
import { joinLinks } from "./join-links.ts";
import { type Locks, platformLocks } from "./locks.ts";
import { holderLockOf, scopeOf, type TabMessage } from "./tab-messages.ts";
import { TabPort } from "./tab-port.ts";

export interface HoldTabsOptions
  extends Pick<ConnectOptions, "limits" | "keepalive" | "metadata" | "logger" | "transport"> {
  /** Tells groups of tabs apart (default: the URL). */
  readonly name?: string;
  /** Ends it: what is held is closed, and another candidate may take over. */
  readonly signal?: AbortSignal;
  /** Default: the platform's. */
  readonly locks?: Locks;
}

/**
 * Makes this thread, of a SharedWorker in most cases, a candidate for holding the one connection that all tabs of
 * a site share; one candidate at a time is the holder. Its session carries a tunnel for each tab.
 *
 * @param url of a server that has tunnels: `serve(url, …, { tunnels: true })`
 * @throws TypeError on a platform without Web Locks
 */
export function holdTabs(url: string, options: HoldTabsOptions = {}): void {
  const { locks = platformLocks(), signal = new AbortController().signal } = options;
  const scope = scopeOf(options.name ?? url);
  const held = () => new Holder(url, scope, { ...options, locks }).serve(signal);
  locks.request(holderLockOf(scope), { signal }, held).catch(() => {});
}

class Holder {
  readonly #url: string;
  readonly #channel: BroadcastChannel;
  readonly #options: HoldTabsOptions & { readonly locks: Locks };
  /** Asked for and not over. */
  readonly #links = new Set<string>();
  #outer: Promise<Session> | undefined;

  constructor(url: string, scope: string, options: HoldTabsOptions & { readonly locks: Locks }) {
    this.#url = url;
    this.#options = options;
    this.#channel = new BroadcastChannel(scope);
  }

  serve(signal: AbortSignal): Promise<void> {
    this.#channel.onmessage = ({ data }: { data: TabMessage }) => {
      if (data?.kind === "ask") void this.#take(data.link);
    };
    this.#tell({ kind: "here" });
    return new Promise((resolve) => {
      const end = () => {
        this.#channel.close();
        // With it all tunnels end, and the tabs' links.
        void this.#hangUp().then(resolve);
      };
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
  }

  async #take(link: string): Promise<void> {
    if (this.#links.has(link)) return;
    this.#links.add(link);
    const { locks } = this.#options;
    try {
      const port = await TabPort.open(link, "holder", locks);
      const near = messagePortLink(port, { peer: link });
      port.watch(link, "tab", locks);
      try {
        const far = await openTunnel(await this.#session());
        joinLinks(near, far, () => this.#over(link));
      } catch (error) {
        near.destroy();
        throw error;
      }
      this.#tell({ kind: "ready", link });
    } catch (error) {
      this.#tell({ kind: "refused", link, reason: asError(error).message });
      this.#over(link);
    }
  }

  #over(link: string): void {
    this.#links.delete(link);
    if (this.#links.size === 0) void this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    const outer = this.#outer;
    this.#outer = undefined;
    // One that could not be dialled has nothing to close.
    await outer?.then((session) => session.close()).catch(() => {});
  }

  /** One for all; dialled when somebody asks, and again after it was lost. */
  #session(): Promise<Session> {
    if (this.#outer !== undefined) return this.#outer;
    const dialled = this.#connect();
    const forget = () => {
      if (this.#outer === dialled) this.#outer = undefined;
    };
    dialled.then((session) => session.ended.then(forget), forget);
    this.#outer = dialled;
    return dialled;
  }

  // Bare: each tab's own session is stable, and would be replayed twice.
  async #connect(): Promise<Session> {
    const conduit = await openConduit(this.#url, { ...this.#options, conduit: "bare" });
    return sessionOn(
      conduit,
      "initiator",
      { served: undefined, called: undefined },
      { ...this.#options, keepAlive: true },
    );
  }

  #tell(message: TabMessage): void {
    this.#channel.postMessage(message);
  }
}
