// Bundled into a page by link-cases.ts.
import { platformLocks } from "../../../roam/src/tabs/locks.ts";
import { TabPort } from "../../../roam/src/tabs/tab-port.ts";

let pairs = 0;

/** Two ports between a tab and the holder, both here. */
export async function tabPorts(): Promise<readonly [TabPort, TabPort]> {
  const name = `pair ${pairs++}`;
  const locks = platformLocks();
  const [tab, holder] = [await TabPort.open(name, "tab", locks), await TabPort.open(name, "holder", locks)];
  tab.watch(name, "holder", locks);
  holder.watch(name, "tab", locks);
  return [tab, holder];
}
