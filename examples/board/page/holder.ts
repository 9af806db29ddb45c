// The SharedWorker: it has the one connection of all tabs.
import { holdTabs } from "roam/tabs";

holdTabs(new URLSearchParams(location.search).get("network") ?? "");
