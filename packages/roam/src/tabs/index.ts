export { type HoldTabsOptions, holdTabs } from "./hold-tabs.ts";
export type { Locks } from "./locks.ts";
export { type TabsOptions, tabsSource } from "./tabs-source.ts";
