export { duplexLink, pairLink } from "./node-stream.ts";
export { webStreamLink } from "./web-stream.ts";
