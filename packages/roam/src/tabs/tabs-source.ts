import { transports } from "#transports";
import type { LinkSource } from "../conduit/stable/link-source.ts";
import { RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import { messagePortLink } from "../transports/message-port.ts";
import { type HoldTabsOptions, holdTabs } from "./hold-tabs.ts";
import { type Locks, platformLocks } from "./locks.ts";
import { scopeOf, type TabMessage } from "./tab-messages.ts";
import { TabPort } from "./tab-port.ts";

export interface TabsOptions extends HoldTabsOptions {
  /**
   * Starts the SharedWorker that calls `holdTabs` with the same URL and name. Without one, or where the platform
   * has none, the tabs themselves are candidates: one of them holds the connection, and another when it is gone.
   */
  readonly worker?: () => unknown;
}

/** How long to wait for a holder until it is asked again, and its worker started again (ms). */
const ASK_EVERY_MS = 1_000;

/**
 * Links through the one connection that all tabs of a site share. Each tab's session is its own: identity, credit,
 * replay and lifetime; what it has in flight survives the holder and the connection.
 *
 * @example const billing = await connect(tabsSource("wss://example.org"), Billing);
 * @param url of a server that has tunnels
 * @throws TypeError on a platform without Web Locks
 */
export function tabsSource(url: string, options: TabsOptions = {}): LinkSource {
  const { locks = platformLocks() } = options;
  const scope = scopeOf(options.name ?? url);
  const tab = `${scope}:${crypto.randomUUID()}`;
  const hasWorker = options.worker !== undefined && "SharedWorker" in globalThis;
  if (!hasWorker) holdTabs(url, { ...options, locks });
  let links = 0;
  const source: LinkSource = {
    async next({ signal }) {
      const link = `${tab}:${++links}`;
      return ask(link, { scope, locks, signal, start: () => void (hasWorker && options.worker?.()) });
    },
  };
  return transports.onWakeUp === undefined ? source : { ...source, onWakeUp: transports.onWakeUp };
}

interface Asking {
  readonly scope: string;
  readonly locks: Locks;
  readonly signal: AbortSignal;
  start(): void;
}

/** Asks whoever is the holder, or will be, for a link. */
async function ask(name: string, { scope, locks, signal, start }: Asking): Promise<Link> {
  signal.throwIfAborted();
  const port = await TabPort.open(name, "tab", locks);
  const link = messagePortLink(port, { peer: name });
  const channel = new BroadcastChannel(scope);
  const request = () => {
    start();
    channel.postMessage({ kind: "ask", link: name } satisfies TabMessage);
  };
  const timer = setInterval(request, ASK_EVERY_MS);
  let onAbort = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      channel.onmessage = ({ data }: { data: TabMessage }) => {
        if (data?.kind === "here") request();
        else if (data?.kind === "ready" && data.link === name) resolve();
        else if (data?.kind === "refused" && data.link === name)
          reject(new RoamError("io", `the holder of the connection: ${data.reason}`));
      };
      request();
    });
    port.watch(name, "holder", locks);
    return link;
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    channel.close();
  }
}
