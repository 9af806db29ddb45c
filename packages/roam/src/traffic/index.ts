export { type OpenOptions, openConduit, type Target } from "../open-conduit.ts";
export { ProxiedSession, type Tap } from "./proxied-session.ts";
export { type ProxyOptions, type ProxyServer, proxy } from "./proxy.ts";
