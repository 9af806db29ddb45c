export { openTunnel } from "./open-tunnel.ts";
export { Tunnel } from "./tunnel-service.ts";
